// The style sheet's colours, for what is drawn.

const SERIES = 6;

export const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
export const colour = (i) => ink(`--series-${(i % SERIES) + 1}`);
