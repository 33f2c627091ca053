"use strict";
// A chart beside its table: figure[data-chart-of] draws the numbers of the table it names, so both always agree.
// The table is what counts; without this file, or without a script at all, the page lacks nothing.

(function () {
  const COLOURS = ["#0b7a6b", "#1a4f8b", "#f2b705", "#b42318", "#6b4fa0", "#55636f", "#5cc8b4", "#8a5200"];
  const FONT = getComputedStyle(document.body).fontFamily;
  const number = (cell) => Number(cell.textContent.replace(/[^0-9.-]/g, "")) || 0;
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;

  // The table's columns as series over its rows; columns and rows marked data-total are sums of the others.
  function read(table) {
    const heads = [...table.tHead.rows[0].cells];
    const rows = [...table.tBodies[0].rows].filter((row) => !row.hasAttribute("data-total"));
    const columns = heads.map((head, index) => ({ head, index })).filter(({ head, index }) => index && head.classList.contains("num") && !head.hasAttribute("data-total"));
    return {
      names: rows.map((row) => row.cells[0].textContent.trim()),
      series: columns.map(({ head, index }) => ({ name: head.textContent.trim(), data: rows.map((row) => number(row.cells[index])) })),
    };
  }

  const common = (names) => ({
    animation: !calm,
    color: COLOURS,
    textStyle: { fontFamily: FONT },
    // Drawn on the canvas: a box of markup would need inline styles, which the page forbids.
    tooltip: { trigger: "axis", renderMode: "richText", confine: true, axisPointer: { type: "shadow" } },
    legend: { type: "scroll", top: 0 },
    grid: { left: 8, right: 16, top: 40, bottom: names.length > 12 ? 44 : 8, containLabel: true },
    dataZoom: names.length > 12 ? [{ type: "slider", startValue: 0, endValue: 11, height: 18, bottom: 8 }] : [],
    xAxis: { type: "category", data: names, axisLabel: { hideOverlap: true, width: 90, overflow: "truncate" } },
    yAxis: { type: "value", minInterval: 1 },
  });

  const KINDS = {
    bar: ({ names, series }) => ({ ...common(names), series: series.map((each) => ({ ...each, type: "bar", stack: "all", barMaxWidth: 36 })) }),
    group: ({ names, series }) => ({ ...common(names), series: series.map((each) => ({ ...each, type: "bar", barMaxWidth: 24 })) }),
    line: ({ names, series }) => ({ ...common(names), dataZoom: [], series: series.map((each) => ({ ...each, type: "line", showSymbol: names.length < 40, smooth: false })) }),
    funnel: ({ names, series }) => ({
      ...common([]), xAxis: undefined, yAxis: undefined, dataZoom: [], legend: undefined,
      tooltip: { trigger: "item", renderMode: "richText", confine: true },
      series: [{ type: "funnel", sort: "none", left: "5%", width: "90%", top: 8, bottom: 8, minSize: "12%", label: { position: "inside", formatter: "{b} {c}" }, data: names.map((name, index) => ({ name, value: series[0].data[index] })) }],
    }),
  };

  document.querySelectorAll("figure[data-chart-of]").forEach((figure) => {
    const table = document.getElementById(figure.dataset.chartOf);
    if (!table || !window.echarts) return;
    const content = read(table);
    if (!content.names.length || !content.series.length) return;
    figure.hidden = false;
    const chart = window.echarts.init(figure.querySelector("[data-chart]"));
    chart.setOption(KINDS[figure.dataset.chartKind || "bar"](content));
    new ResizeObserver(() => chart.resize()).observe(figure);
  });
})();
