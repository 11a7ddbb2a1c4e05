// Step-by-step view of a trace: a diagram with a cursor, pictures of the logs if there are any,
// and the state after each step.
function mountExplorer(root, data, onStep) {
  root.classList.add("trace-explorer");
  // Otherwise JupyterLab would handle the arrow keys as shortcuts.
  root.dataset.lmSuppressShortcuts = "true";
  root.innerHTML =
    '<div class="diagram"></div><div class="controls">' +
    '<button class="back" data-testid="back" aria-label="one step back">&#9664;</button>' +
    '<input type="range" min="0" step="1" data-testid="step-slider" aria-label="step">' +
    '<button class="on" data-testid="on" aria-label="one step on">&#9654;</button>' +
    '<span class="marks"></span><span class="caption" data-testid="caption"></span></div>' +
    '<div class="logs" data-testid="logs"></div>' +
    '<div class="table" data-testid="table"></div><div class="resting"></div>';
  const find = (selector) => root.querySelector(selector);
  find(".diagram").innerHTML = data.svg;
  const slider = find("input");
  const last = data.tables.length - 1;
  const first = data.first || 0;
  slider.min = String(first);
  slider.max = String(last);
  const cursor = find(".cursor");
  const logs = data.logs || [];
  const shown = logs.map((one) => {
    const part = document.createElement("figure");
    const heading = document.createElement("figcaption");
    const picture = document.createElement("div");
    heading.textContent = "Logs of the " + one.whose;
    part.append(heading, picture);
    find(".logs").append(part);
    return picture;
  });
  if (data.resting && data.resting.length) {
    find(".resting").textContent = "Constant in this trace, not in the table: " +
      data.resting.join(", ") + ".";
  }
  function show(wanted, tell) {
    const step = Math.max(first, Math.min(last, wanted));
    slider.value = String(step);
    find(".caption").textContent = data.captions[step];
    find(".table").innerHTML = data.tables[step];
    logs.forEach((one, place) => {
      const at = one.at[step];
      shown[place].innerHTML = at === undefined ? "the replay of the specification ended before this step" : one.pictures[at];
    });
    const x = data.left + data.column * (step - 1);
    cursor.setAttribute("x", String(x - 11));
    const diagram = find(".diagram");
    if (x < diagram.scrollLeft + 80 || x > diagram.scrollLeft + diagram.clientWidth - 80) {
      diagram.scrollLeft = x - diagram.clientWidth / 2;
    }
    if (tell && onStep) onStep(step);
  }
  slider.addEventListener("input", () => show(Number(slider.value), true));
  find(".back").addEventListener("click", () => show(Number(slider.value) - 1, true));
  find(".on").addEventListener("click", () => show(Number(slider.value) + 1, true));
  (data.marks || []).forEach(([label, step]) => {
    const mark = document.createElement("button");
    mark.textContent = label;
    mark.dataset.testid = "mark";
    mark.setAttribute("aria-label", "go to " + label);
    mark.addEventListener("click", () => show(step, true));
    find(".marks").append(mark);
  });
  show(data.step || 0, false);
  return show;
}
