"use strict";
// The page of 503: asks now and then whether the portal works again, then leads back. What portal.js kept of the form
// when it was sent is marked as not done, so that the form's own page fills it in.

(() => {
  const UNSENT = "unsent";
  const { away, seconds } = document.body.dataset;
  const note = document.querySelector("[data-away-note]");
  const kept = JSON.parse(sessionStorage.getItem(UNSENT) || "null");
  const isForm = away === "POST";
  const form = isForm && document.referrer.startsWith(`${location.origin}/`) ? document.referrer : null;
  if (isForm && kept) sessionStorage.setItem(UNSENT, JSON.stringify({ ...kept, refused: true, why: "away", at: Date.now() }));

  async function look() {
    const answer = await fetch(isForm ? "/health/write" : "/health/ready", { cache: "no-store" }).catch(() => null);
    if (!answer?.ok) return setTimeout(look, Number(seconds) * 1000 * (0.5 + Math.random()));
    note.textContent = "平台已恢复，正在返回……";
    if (!isForm) location.reload();
    else if (form) location.replace(form);
    else note.textContent = "平台已恢复，可以重新提交。";
  }
  note.hidden = false;
  // The way by hand is for a page that cannot lead back by itself.
  if (form && kept) document.querySelectorAll("[data-away-by-hand]").forEach((each) => { each.hidden = true; });
  note.textContent = form && kept ? "恢复后会自动回到表单，并填回您输入的内容。" : "恢复后会自动继续。";
  setTimeout(look, 2000 + Math.random() * 2000);
})();
