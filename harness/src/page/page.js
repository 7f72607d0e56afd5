"use strict";
// Says what a chart's values are, at the pointer or with the arrow keys.
(() => {
  const WIDTH = 360; // Of every chart's own units.
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.setAttribute("role", "status");
  tip.hidden = true;
  document.body.append(tip);

  for (const chart of document.querySelectorAll("svg.chart")) {
    const marks = JSON.parse(chart.dataset.marks);
    const cursor = chart.querySelector(".cursor");
    if (marks.length === 0) continue;
    let at = 0;

    const show = (place) => {
      at = Math.min(Math.max(place, 0), marks.length - 1);
      const [x, text] = marks[at];
      cursor.setAttribute("x1", x);
      cursor.setAttribute("x2", x);
      cursor.setAttribute("visibility", "visible");
      tip.textContent = text;
      tip.hidden = false;
      const box = chart.getBoundingClientRect();
      const left = box.left + (x / WIDTH) * box.width;
      const beside = left + 14 + tip.offsetWidth < document.documentElement.clientWidth;
      const to = beside ? left + 14 : Math.max(4, left - 14 - tip.offsetWidth);
      tip.style.transform = `translate(${to}px, ${Math.max(4, box.top + 8)}px)`;
    };
    const hide = () => {
      cursor.setAttribute("visibility", "hidden");
      tip.hidden = true;
    };
    const nearest = (x) => {
      let low = 0;
      let high = marks.length - 1;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (marks[middle][0] < x) low = middle + 1;
        else high = middle;
      }
      return low > 0 && x - marks[low - 1][0] < marks[low][0] - x ? low - 1 : low;
    };

    chart.addEventListener("pointermove", (event) => {
      const box = chart.getBoundingClientRect();
      show(nearest(((event.clientX - box.left) / box.width) * WIDTH));
    });
    chart.addEventListener("pointerleave", hide);
    chart.addEventListener("blur", hide);
    chart.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: marks.length - 1 };
      if (event.key === "Escape") hide();
      else if (event.key in steps) {
        event.preventDefault();
        show(tip.hidden ? at : steps[event.key]);
      }
    });
  }
})();
