"use strict";
// A scan opens beside the record it proves, to be enlarged and turned; what is no picture is saved (GOAL-P10).

(() => {
  const panel = document.createElement("section");
  panel.className = "evidence";
  panel.hidden = true;
  panel.tabIndex = -1;
  panel.setAttribute("aria-label", "证明材料");
  panel.innerHTML = `<div class="evidence-bar"><strong></strong>
    <button class="btn btn-sm" type="button" data-do="smaller">缩小</button>
    <button class="btn btn-sm" type="button" data-do="larger">放大</button>
    <button class="btn btn-sm" type="button" data-do="turn">旋转</button>
    <button class="btn btn-sm" type="button" data-do="close">关闭</button></div>
    <div class="evidence-frame" tabindex="0" role="group" aria-label="图片，可滚动查看"><img alt=""></div>`;
  document.body.append(panel);
  const image = panel.querySelector("img");
  const frame = panel.querySelector(".evidence-frame");
  const title = panel.querySelector("strong");
  let address = "";
  let from = null;
  let zoom = 1;
  let turned = 0;

  function draw() {
    const lies = turned % 180 !== 0;
    const room = frame.clientWidth / (lies ? image.naturalHeight : image.naturalWidth);
    const width = image.naturalWidth * Math.min(room, 1) * zoom;
    image.width = Math.round(width);
    image.style.rotate = `${turned}deg`;
    image.style.marginBlock = lies ? `${Math.max(0, (width - width * image.naturalHeight / image.naturalWidth) / 2)}px` : "0";
  }

  function close() {
    panel.hidden = true;
    if (address) URL.revokeObjectURL(address);
    address = "";
    image.removeAttribute("src");
    from?.focus();
  }

  async function open(link) {
    from = link;
    const answer = await fetch(link.href, { credentials: "same-origin" });
    if (!answer.ok || answer.redirected) {
      window.location.assign(link.href);
      return;
    }
    const file = await answer.blob();
    if (address) URL.revokeObjectURL(address);
    address = URL.createObjectURL(file);
    if (!file.type.startsWith("image/")) {
      const saved = document.createElement("a");
      saved.href = address;
      saved.download = link.dataset.evidence.replace("：", "-");
      saved.click();
      return;
    }
    title.textContent = image.alt = link.dataset.evidence;
    zoom = 1;
    turned = 0;
    image.onload = draw;
    image.src = address;
    panel.hidden = false;
    panel.focus();
  }

  const acts = {
    smaller: () => { zoom = Math.max(0.25, zoom / 1.4); draw(); },
    larger: () => { zoom = Math.min(8, zoom * 1.4); draw(); },
    turn: () => { turned = (turned + 90) % 360; draw(); },
    close,
  };
  panel.addEventListener("click", (event) => acts[event.target.dataset.do]?.());
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && !panel.hidden) close(); });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-evidence]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(link).catch(() => { window.location.assign(link.href); });
  });

  // The way back of a decision is open for some seconds only.
  document.querySelectorAll("form[data-lasts]").forEach((form) => {
    setTimeout(() => form.remove(), Number(form.dataset.lasts) * 1000);
  });
})();
