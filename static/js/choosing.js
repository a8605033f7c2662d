// The box that chooses every row of the page, and buttons that wait until something is chosen.

const form = () => document.getElementById("choice");
const isChosen = () => Boolean(form().querySelector("input[name=id]:checked, input[name=all]:checked"));

document.addEventListener("change", (event) => {
  if (!form()?.contains(event.target)) return;
  if (event.target.id === "every-row") {
    for (const box of form().querySelectorAll("input[name=id]")) box.checked = event.target.checked;
  }
  form().querySelector(".nothing")?.remove();
});

document.addEventListener("submit", (event) => {
  if (event.target !== form() || isChosen()) return;
  event.preventDefault();
  if (form().querySelector(".nothing")) return;
  const said = document.createElement("p");
  said.className = "wrong errornote nothing";
  said.role = "alert";
  said.textContent = "Choose entries first, or everything that matches.";
  form().querySelector(".acts").after(said);
});
