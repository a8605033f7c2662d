// What is known of the fields and sensors of a stream: labels, units, decimals and bounds, as set up in the admin.

export class Fields {
  constructor() {
    this.take({ fields: [], sensors: {}, others: true });
  }

  take({ fields, sensors, others }) {
    Object.assign(this, { all: [...fields], labels: sensors, others });
  }

  // Fields seen in readings are charted too, unless only the listed ones are to be.
  learn(names) {
    if (!this.others) return;
    for (const name of names) {
      if (!this.all.some((field) => field.name === name)) this.all.push({ name, label: name, unit: "", decimals: null, bounds: null });
    }
  }

  // What people call a sensor.
  label(sensor) {
    return Object.hasOwn(this.labels, sensor) ? this.labels[sensor] : sensor;
  }
}
