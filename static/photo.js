"use strict";
// The photo is judged before it is sent, in the server's words, and may be cropped to the size wanted (PAIN-28).

(() => {
  const input = document.querySelector("[data-photo]");
  const desk = document.querySelector("[data-photo-desk]");
  if (!input || !desk) return;
  const rule = JSON.parse(input.dataset.photo);
  const part = (name) => desk.querySelector(`[data-photo-${name}]`);
  const [canvas, image, selection] = ["canvas", "image", "selection"].map((name) => desk.querySelector(`cropper-${name}`));
  let source = null;
  let address = "";

  const said = (code, measured) => rule.words[code].replace(/\{(\w+)\}/g, (_, name) => measured[name]);
  // Any picture the browser can read becomes a JPG by cropping; without this script only a JPG is taken.
  input.accept = "image/*";

  function tell(text, isBad) {
    part("said").textContent = text;
    part("said").classList.toggle("bad", isBad);
  }

  async function isJpeg(file) {
    const head = new Uint8Array(await file.slice(0, 3).arrayBuffer());
    return head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff;
  }

  function measured(url) {
    const picture = new Image();
    picture.src = url;
    return picture.decode().then(() => ({ width: picture.naturalWidth, height: picture.naturalHeight }), () => null);
  }

  // In the order in which the server asks.
  function fault(file, jpeg, size) {
    if (!jpeg) return said("photo_kind");
    if (file.size > rule.bytes) return said("photo_too_large", { kb: Math.ceil(file.size / 1024) });
    if (!size) return said("photo_broken");
    return isSmall(size) ? said("photo_pixels", size) : "";
  }
  const isSmall = (size) => size.width < rule.width || size.height < rule.height;

  async function judge() {
    const file = input.files[0];
    URL.revokeObjectURL(address);
    part("crop").hidden = part("result").hidden = true;
    tell("", false);
    if (!file) return;
    address = URL.createObjectURL(file);
    const [jpeg, size] = [await isJpeg(file), await measured(address)];
    if (input.files[0] !== file) return;
    const found = fault(file, jpeg, size);
    const canCrop = size && !isSmall(size);
    tell(found ? found + (canCrop ? "也可以在下面裁剪，裁剪后自动符合要求。" : "") : "照片符合要求，可以直接保存；需要时可在下面裁剪。", Boolean(found));
    if (canCrop) openCrop(size);
  }

  async function openCrop(size) {
    source = size;
    part("crop").hidden = false;
    image.src = address;
    await image.$ready();
    const height = Math.min(canvas.offsetHeight - 24, ((canvas.offsetWidth - 24) * rule.height) / rule.width);
    const width = (height * rule.width) / rule.height;
    selection.$change((canvas.offsetWidth - width) / 2, (canvas.offsetHeight - height) / 2, width, height);
    image.$setTransform(within([0, 0, 0, 0, 0, 0]));
  }

  // The nearest position in which the picture fills the frame and no pixel is blown up beyond the size wanted.
  function within([scale, , , , x, y]) {
    const least = Math.max(selection.width / source.width, selection.height / source.height);
    const fit = Math.min(Math.max(scale, least), Math.max(least, selection.width / rule.width));
    const held = (shift, whole, start, length) => {
      const middle = start + length / 2 - whole / 2;
      const slack = (whole * fit - length) / 2;
      return scale ? Math.min(Math.max(shift, middle - slack), middle + slack) : middle;
    };
    return [fit, 0, 0, fit, held(x, source.width, selection.x, selection.width), held(y, source.height, selection.y, selection.height)];
  }

  image.addEventListener("transform", (event) => {
    if (!source || !selection.width) return;
    const wanted = within(event.detail.matrix);
    if (wanted.every((value, index) => Math.abs(value - event.detail.matrix[index]) < 1e-6)) return;
    event.preventDefault();
    image.$setTransform(wanted);
  });

  const MOVES = { ArrowLeft: [-8, 0], ArrowRight: [8, 0], ArrowUp: [0, -8], ArrowDown: [0, 8] };
  function act(key) {
    if (MOVES[key]) image.$move(...MOVES[key]);
    else if (key === "+" || key === "=") image.$zoom(0.1);
    else if (key === "-") image.$zoom(-0.1);
    else return false;
    return true;
  }
  part("frame").addEventListener("keydown", (event) => { if (act(event.key)) event.preventDefault(); });
  desk.addEventListener("click", (event) => {
    const button = event.target.closest("[data-photo-act]");
    if (button) act(button.dataset.photoAct);
  });

  // A transparent picture stands on white, as the photo must.
  // The frame may lie between two pixels, so it is drawn once more to exactly the size wanted.
  async function cropped() {
    const framed = await selection.$toCanvas({ width: rule.width, height: rule.height });
    const drawn = Object.assign(document.createElement("canvas"), { width: rule.width, height: rule.height });
    const context = drawn.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, rule.width, rule.height);
    context.drawImage(framed, 0, 0, rule.width, rule.height);
    for (let quality = 0.92; ; quality -= 0.1) {
      const blob = await new Promise((done) => drawn.toBlob(done, "image/jpeg", quality));
      if (blob.size <= rule.bytes || quality < 0.3) return blob;
    }
  }

  part("use").addEventListener("click", async () => {
    const blob = await cropped();
    const files = new DataTransfer();
    files.items.add(new File([blob], "photo.jpg", { type: "image/jpeg" }));
    input.files = files.files;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    part("result").src = URL.createObjectURL(blob);
    part("result").hidden = false;
    part("crop").hidden = true;
    tell(`已裁剪为 ${rule.width}×${rule.height} 像素、${Math.ceil(blob.size / 1024)} KB，点“保存”后上传。`, false);
    input.focus();
  });
  input.addEventListener("change", judge);
})();
