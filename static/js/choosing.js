// The box that chooses every row of the page, and buttons that wait until something is chosen.

const rows = document.getElementById("rows");

const form = () => document.getElementById("choice");
const isChosen = () => Boolean(form()?.querySelector("input[name=id]:checked, input[name=all]:checked"));

rows?.addEventListener("change", (event) => {
  if (event.target.id === "every-row") {
    for (const box of form().querySelectorAll("input[name=id]")) box.checked = event.target.checked;
  }
  form().querySelector(".nothing")?.remove();
});

rows?.addEventListener("submit", (event) => {
  if (isChosen()) return;
  event.preventDefault();
  if (form().querySelector(".nothing")) return;
  const said = document.createElement("p");
  said.className = "wrong nothing";
  said.role = "alert";
  said.textContent = "Choose entries first, or everything that matches.";
  form().querySelector(".acts").after(said);
});
