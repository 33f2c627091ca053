"use strict";
// A chart beside its table: figure[data-chart-of] draws the numbers of the table it names, so both always agree.
// The table is what counts; without this file, or without a script at all, the page lacks nothing.

(() => {
  // Light and dark in turn, so that neighbours differ in grey too; no red, which means a fault here.
  const COLOURS = {
    light: ["#0b6b5e", "#e0a100", "#1a4f8b", "#6fc7b7", "#6b4fa0", "#f0b48a", "#7a4a00", "#9fb3c8"],
    dark: ["#2f9c8b", "#f4d06a", "#6c9fe0", "#b6ebe1", "#a487dd", "#f5cdb0", "#c98a3a", "#d3dee9"],
  };
  const MOST_SERIES = 8;
  const FONT = getComputedStyle(document.body).fontFamily;
  const MOST_NAMES = 12;
  const MOST_ON_PAPER = 40;
  const number = (cell) => Number(cell.textContent.replace(/[^0-9.-]/g, "")) || 0;
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;

  // The page is dark where the system is; on paper never.
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  let isPrinting = false;
  const scheme = () => (!isPrinting && getComputedStyle(document.documentElement).colorScheme === "dark" ? "dark" : "light");

  // The table's columns as series over its rows; columns and rows marked data-total are sums of the others.
  function read(table) {
    const heads = [...table.tHead.rows[0].cells];
    const rows = [...table.tBodies[0].rows].filter((row) => !row.hasAttribute("data-total"));
    const columns = heads.map((head, index) => ({ head, index })).filter(({ head, index }) => index && head.classList.contains("num") && !head.hasAttribute("data-total"));
    return {
      names: rows.map((row) => row.cells[0].textContent.trim()),
      series: few(columns.map(({ head, index }) => ({ name: head.textContent.trim(), data: rows.map((row) => number(row.cells[index])) }))),
    };
  }

  // Of many series the largest keep their own colour, in their order; the others are one. The table has them all.
  function few(series) {
    if (series.length <= MOST_SERIES) return series;
    const sum = (each) => each.data.reduce((all, one) => all + one, 0);
    const kept = new Set([...series].sort((a, b) => sum(b) - sum(a)).slice(0, MOST_SERIES - 1));
    const others = series.filter((each) => !kept.has(each));
    const together = { name: `其他 ${others.length} 项`, data: series[0].data.map((_, row) => others.reduce((all, each) => all + each.data[row], 0)) };
    return [...series.filter((each) => kept.has(each)), together];
  }

  // Names break into lines where a bar has room for some characters of each, else they end in an ellipsis.
  function nameLabel(names, width) {
    const room = Math.floor((width - 60) / Math.min(names.length || 1, MOST_NAMES)) - 8;
    if (room < 60) return { hideOverlap: true, width: 60, overflow: "truncate" };
    return { interval: 0, width: room, overflow: "break", lineHeight: 16 };
  }

  const common = (names, width, series = []) => ({
    animation: !calm && !isPrinting,
    backgroundColor: "transparent",
    color: COLOURS[scheme()],
    // From the fourth series on each has a pattern of its own as well: colours alone are not told apart by everybody.
    aria: { enabled: true, label: { enabled: false }, decal: { show: series.length > 3 } },
    textStyle: { fontFamily: FONT },
    // Drawn on the canvas: a box of markup would need inline styles, which the page forbids.
    tooltip: { trigger: "axis", renderMode: "richText", confine: true, axisPointer: { type: "shadow" } },
    legend: { type: "scroll", top: 0 },
    grid: { left: 8, right: 16, top: 40, bottom: names.length > MOST_NAMES ? 44 : 8, containLabel: true },
    dataZoom: names.length > MOST_NAMES ? [{ type: "slider", startValue: 0, endValue: MOST_NAMES - 1, height: 18, bottom: 8 }] : [],
    xAxis: { type: "category", data: names, axisLabel: nameLabel(names, width) },
    yAxis: { type: "value", minInterval: 1 },
  });

  const KINDS = {
    bar: ({ names, series }, width) => ({ ...common(names, width, series), series: series.map((each) => ({ ...each, type: "bar", stack: "all", barMaxWidth: 36 })) }),
    group: ({ names, series }, width) => ({ ...common(names, width, series), series: series.map((each) => ({ ...each, type: "bar", barMaxWidth: 24 })) }),
    // Every name at once, as on paper, where nobody moves a slider.
    whole: (content, width) => {
      const bar = KINDS.bar(content, width);
      if (content.names.length > MOST_ON_PAPER) return bar;
      return { ...bar, dataZoom: [], grid: { ...bar.grid, bottom: 8 }, xAxis: { type: "category", data: content.names, axisLabel: { interval: 0, rotate: content.names.length > MOST_NAMES ? 60 : 0 } } };
    },
    line: ({ names, series }, width) => ({ ...common(names, width), dataZoom: [], xAxis: { type: "category", data: names, axisLabel: { hideOverlap: true } }, series: series.map((each) => ({ ...each, type: "line", showSymbol: names.length < 40, smooth: false })) }),
    funnel: ({ names, series }) => ({
      ...common([], 0), xAxis: undefined, yAxis: undefined, dataZoom: [], legend: undefined,
      tooltip: { trigger: "item", renderMode: "richText", confine: true },
      series: [{ type: "funnel", sort: "none", left: "5%", width: "90%", top: 8, bottom: 8, minSize: "12%", label: { position: "inside", formatter: "{b} {c}", ...(scheme() === "dark" && { color: "#000" }) }, data: names.map((name, index) => ({ name, value: series[0].data[index] })) }],
    }),
  };

  const drawings = [];
  document.querySelectorAll("figure[data-chart-of]").forEach((figure) => {
    const table = document.getElementById(figure.dataset.chartOf);
    if (!table || !window.echarts) return;
    const content = read(table);
    if (!content.names.length || !content.series.length) return;
    figure.hidden = false;
    const option = () => KINDS[figure.dataset.chartKind || "bar"](content, figure.clientWidth);
    let chart;
    const draw = () => {
      chart?.dispose();
      chart = window.echarts.init(figure.querySelector("[data-chart]"), scheme() === "dark" ? "dark" : null);
      chart.setOption(option());
    };
    draw();
    drawings.push(draw);
    new ResizeObserver(() => { chart.resize(); chart.setOption({ xAxis: option().xAxis }); }).observe(figure);
  });
  const again = () => drawings.forEach((draw) => { draw(); });
  const onPaper = (is) => () => {
    if (!system.matches) return;
    isPrinting = is;
    again();
  };
  system.addEventListener("change", again);
  window.addEventListener("beforeprint", onPaper(true));
  window.addEventListener("afterprint", onPaper(false));
})();
