"use strict";
// Every page is correct without this file; it only makes filling in quicker and safer.

(() => {
  const csrf = () => document.querySelector("input[name=csrfmiddlewaretoken]")?.value || document.body.dataset.htmxHeadersToken;

  // Conditional fields: data-asked='[["field", ["1", "2"]], …]', all must hold.
  function answerOf(form, name) {
    const inputs = form.querySelectorAll(`[name="${name}"]`);
    if (!inputs.length) return undefined;
    if (inputs[0].type === "radio") return form.querySelector(`[name="${name}"]:checked`)?.value ?? "";
    if (inputs[0].type === "checkbox") return inputs[0].checked ? "True" : "False";
    return inputs[0].value;
  }
  // Fields stand after those they depend on; one that is hidden itself answers nothing.
  function showAsked(form) {
    form.querySelectorAll("[data-asked]").forEach((box) => {
      const asked = JSON.parse(box.dataset.asked).every(([name, allowed]) => {
        const hidden = form.querySelector(`[name="${name}"]`)?.closest("[data-asked][hidden]");
        const value = hidden ? "" : answerOf(form, name);
        return value === undefined || allowed.map((each) => (each === null ? "" : String(each))).includes(String(value));
      });
      box.hidden = !asked;
    });
  }

  // Proposals: data-proposed='{"of": "level", "start": 0, "end": null, "values": {…}}'. Written only where nothing stands
  // or still stands what was proposed before.
  function proposalOf(form, input) {
    const { of, start, end, values } = JSON.parse(input.dataset.proposed);
    const told = (answerOf(form, of) ?? "").slice(start, end ?? undefined);
    return { of, value: (values ? values[told] : told) ?? "" };
  }
  function answer(form, name, value) {
    const radio = form.querySelector(`[name="${name}"][type="radio"][value="${value}"]`);
    if (radio) radio.checked = true;
    else form.querySelector(`[name="${name}"]`).value = value;
  }
  function propose(form) {
    const inputs = new Map();
    form.querySelectorAll("[data-proposed]").forEach((each) => { if (!inputs.has(each.name)) inputs.set(each.name, each); });
    const last = new Map();
    inputs.forEach((input, name) => {
      const { value } = proposalOf(form, input);
      if (value && value === answerOf(form, name)) last.set(name, value);
    });
    form.addEventListener("change", (event) => {
      inputs.forEach((input, name) => {
        const { of, value } = proposalOf(form, input);
        const now = answerOf(form, name);
        if (of !== event.target.name || value === now || (now && now !== last.get(name))) return;
        last.set(name, value);
        answer(form, name, value);
        form.querySelector(`[name="${name}"]`).dispatchEvent(new Event("change", { bubbles: true }));
      });
    });
  }
  // Choices by another answer: data-narrowed='{"of": "level", "offered": {"3": ["21", …]}}'. What is chosen stays.
  function narrow(form) {
    form.querySelectorAll("select[data-narrowed]").forEach((select) => {
      const { of, offered } = JSON.parse(select.dataset.narrowed);
      const all = [...select.options];
      const show = () => {
        const kept = offered[answerOf(form, of)];
        const now = select.value;
        select.replaceChildren(...all.filter((each) => !kept || !each.value || each.value === now || kept.includes(each.value)));
        select.value = now;
      };
      show();
      form.addEventListener("change", show);
    });
  }

  // Drafts: what is typed is kept on the server and survives the end of the session.
  function autosave(form) {
    let timer = null;
    let last = "";
    const note = form.querySelector("[data-save-note]");
    async function save() {
      clearTimeout(timer);
      timer = null;
      const data = new FormData(form);
      data.delete("csrfmiddlewaretoken");
      for (const [name, value] of [...data.entries()]) if (value instanceof File) data.delete(name);
      const body = new URLSearchParams(data);
      if (body.toString() === last) return;
      last = body.toString();
      const sent = new URLSearchParams({ form: form.dataset.autosave, data: last, base_version: form.dataset.version || "0" });
      const answer = await fetch(form.dataset.autosaveUrl, {
        method: "POST", body: sent, keepalive: true, headers: { "X-CSRFToken": csrf(), "X-Requested-With": "fetch" },
      }).catch(() => null);
      if (!note) return;
      const time = new Date().toLocaleTimeString("zh-CN", { hour12: false });
      note.textContent = answer?.ok && !answer.redirected ? `草稿已自动保存 ${time}` : "草稿暂未保存，请检查网络或重新登录";
    }
    form.addEventListener("input", () => { if (!timer) timer = setTimeout(save, 5000); });
    document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden" && timer) save(); });
    // Leaving the page by a save is no reason to keep its content as a draft once more.
    form.addEventListener("submit", () => { clearTimeout(timer); timer = null; });
  }

  // What is sent after the session has ended comes back into its form once the same person has signed in again. It
  // stays in this tab, for half an hour at the most; hidden fields (versions, tokens) are never brought back.
  const UNSENT = "unsent";
  const UNSENT_KEPT = 30 * 60 * 1000;
  const targetOf = (form) => new URL(form.getAttribute("action") || location.pathname, location.href).pathname;

  function keepUnsent(form) {
    const user = document.body.dataset.user;
    const typed = [...form.elements].filter((each) => each.name && !["hidden", "password", "file"].includes(each.type));
    if (!user || !typed.some((each) => each.matches("textarea, input:not([type=checkbox]):not([type=radio])") && each.value)) return;
    const fields = typed.filter((each) => each.checked !== false || !["checkbox", "radio"].includes(each.type)).map((each) => [each.name, each.value]);
    sessionStorage.setItem(UNSENT, JSON.stringify({ user, target: targetOf(form), fields, at: Date.now() }));
  }
  function bringBackUnsent() {
    const kept = JSON.parse(sessionStorage.getItem(UNSENT) || "null");
    if (!kept) return;
    const user = document.body.dataset.user;
    if (!user) {
      // The way leads over a page without a person: nothing was done with what was sent.
      sessionStorage.setItem(UNSENT, JSON.stringify({ ...kept, refused: true }));
      return;
    }
    const valid = kept.refused && kept.user === user && Date.now() - kept.at < UNSENT_KEPT;
    const form = valid && [...document.forms].find((each) => each.method === "post" && targetOf(each) === kept.target);
    if (form) fill(form, kept.fields, kept.why === "away" ? "请先查看是否已经保存。平台暂停服务时提交的内容" : "登录失效时没有提交的内容");
    if (form || !valid) sessionStorage.removeItem(UNSENT);
  }
  function fill(form, fields, what) {
    for (const [name, value] of fields) {
      for (const each of form.querySelectorAll(`[name="${CSS.escape(name)}"]:not([type=hidden])`)) {
        if (["checkbox", "radio"].includes(each.type)) each.checked ||= each.value === value;
        else each.value = value;
      }
    }
    for (let box = form.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
    const note = document.createElement("p");
    note.className = "flash flash-info";
    note.setAttribute("role", "status");
    note.textContent = `${what}已填回，请核对后再提交。`;
    form.prepend(note);
    form.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function warnUnsaved(form) {
    let dirty = false;
    form.addEventListener("input", () => { dirty = true; });
    form.addEventListener("submit", () => { dirty = false; });
    window.addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });
  }

  document.addEventListener("change", (event) => {
    const all = event.target.closest("[data-check-all]");
    if (!all) return;
    document.querySelectorAll(`input[type=checkbox][name="${all.dataset.checkAll}"]`).forEach((box) => { box.checked = all.checked; });
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    const question = event.submitter?.dataset.confirm || form.dataset.confirm;
    if (question && !window.confirm(question)) {
      event.preventDefault();
      return;
    }
    if (form.method === "post") keepUnsent(form);
    if (form.method === "post" && !form.dataset.repeat) {
      // After the browser has read the pressed button's name; a second click sends nothing.
      setTimeout(() => form.querySelectorAll("button[type=submit], button:not([type])").forEach((button) => { button.disabled = true; }), 0);
    }
  });
  // Back from the next page finds the buttons alive again.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) document.querySelectorAll("form button[disabled]").forEach((button) => { button.disabled = false; });
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) window.print();
    closeMenus((menu) => !menu.contains(event.target));
  });

  // An open menu lies over the page: it goes with a click elsewhere, with Escape and when the focus leaves it.
  function closeMenus(which) {
    document.querySelectorAll("details.menu[open]").forEach((menu) => { if (which(menu)) menu.open = false; });
  }
  document.addEventListener("focusout", (event) => {
    if (event.relatedTarget) closeMenus((menu) => menu.contains(event.target) && !menu.contains(event.relatedTarget));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    document.activeElement.closest("details.menu[open]")?.querySelector("summary").focus();
    closeMenus(() => true);
  });

  // Lists marked with data-walk: j and k go from row to row by their links, Enter opens one.
  function walkRows(step) {
    const links = [...document.querySelectorAll("[data-walk] .lead a")];
    links[Math.max(0, links.indexOf(document.activeElement) + step)]?.focus();
  }
  document.addEventListener("keydown", (event) => {
    // A letter typed beside an open form is meant for it, never a decision.
    if (document.body.dataset.letterKeys === undefined || document.querySelector("details[open] form textarea")) return;
    if (event.target.closest("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
    const link = /^[a-z]$/.test(event.key) && document.querySelector(`[data-key~="${event.key}"]`);
    if (link) link.click();
    else if (event.key === "j" || event.key === "k") walkRows(event.key === "j" ? 1 : -1);
  });

  document.addEventListener("toggle", (event) => {
    if (event.target.open) event.target.querySelector("form textarea")?.focus();
  }, true);

  // Offered only where the browser may write to the clipboard: over HTTPS or on the machine itself.
  document.querySelectorAll("[data-copy]").forEach((button) => {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
      button.textContent = "已复制";
    });
  });

  document.querySelectorAll("form").forEach((form) => {
    if (form.querySelector("[data-asked]")) {
      showAsked(form);
      form.addEventListener("change", () => showAsked(form));
    }
    narrow(form);
    propose(form);
    if (form.dataset.autosave) autosave(form);
    if (form.dataset.warnUnsaved !== undefined) warnUnsaved(form);
  });
  bringBackUnsent();
  // On a phone the bar of steps and the menu are wider than the screen: where one is comes into sight.
  document.querySelectorAll("[aria-current]").forEach((now) => {
    const bar = now.closest(".fill-steps, .desk-nav-row");
    if (bar) bar.scrollLeft = now.offsetLeft - bar.offsetLeft - (bar.clientWidth - now.offsetWidth) / 2;
  });
  document.querySelector(".error-summary")?.focus();
  // htmx puts no answer of an error into the page: what was typed stays, and here is said why nothing happened.
  function tellAway(event) {
    const status = event.detail.xhr?.status ?? 0;
    if (status && status !== 503) return;
    document.querySelector("[data-away-told]")?.remove();
    const note = document.createElement("p");
    note.className = "flash flash-warning";
    note.setAttribute("role", "alert");
    note.dataset.awayTold = "";
    note.textContent = "平台暂时没有应答，这次操作没有保存。页面上的内容还在，请过一会儿再试。";
    (event.detail.elt?.closest("form") || document.querySelector("main") || document.body).prepend(note);
  }
  document.body.addEventListener("htmx:responseError", tellAway);
  document.body.addEventListener("htmx:sendError", tellAway);
  document.body.addEventListener("htmx:configRequest", (event) => { event.detail.headers["X-CSRFToken"] = csrf(); });
})();
