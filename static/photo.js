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
  // One turn after another, and none after the picture was used.
  let turning = Promise.resolve();

  const said = (code, measured) => rule.words[code].replace(/\{(\w+)\}/g, (_, name) => measured[name]);
  // Any picture the browser can read becomes a JPG by cropping; without this script only JPG and HEIC are taken.
  input.accept = "image/*";

  function tell(text, isBad) {
    part("said").textContent = text;
    part("said").classList.toggle("bad", isBad);
  }

  // By the bytes, as residents/services/media.py; "jpeg" only where the last scan is ended, "half" otherwise.
  const HEIC = ["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"];
  async function kindOf(file) {
    const head = new Uint8Array(await file.slice(0, 12).arrayBuffer());
    const text = String.fromCharCode(...head);
    if (text.slice(4, 8) === "ftyp" && HEIC.includes(text.slice(8, 12))) return "heic";
    if (!text.startsWith("\xff\xd8\xff")) return "other";
    // Larger ones are refused for their weight.
    if (file.size > rule.bytes) return "jpeg";
    const bytes = new Uint8Array(await file.arrayBuffer());
    const last = (marker) => {
      let at = bytes.length - 2;
      while (at >= 0 && !(bytes[at] === 0xff && bytes[at + 1] === marker)) at -= 1;
      return at;
    };
    return last(0xd9) > last(0xda) && last(0xda) > 0 ? "jpeg" : "half";
  }

  function measured(url) {
    const picture = new Image();
    picture.src = url;
    return picture.decode().then(() => ({ width: picture.naturalWidth, height: picture.naturalHeight }), () => null);
  }

  // In the order in which the server asks. A browser's size is that of the upright picture, and so is the server's.
  function fault(file, kind, size) {
    const most = kind === "heic" ? rule.telephone_bytes : rule.bytes;
    if (kind === "other") return said("photo_kind");
    if (file.size > most) return said("photo_too_large", { kb: Math.ceil(file.size / 1024), most: most / 1024 });
    if (kind === "half" || (!size && kind === "jpeg")) return said("photo_broken");
    if (!size) return "";
    if (size.width * size.height > rule.pixels) return said("photo_huge", size);
    if (isSmall(size)) return said("photo_pixels", size);
    const ratio = size.width / size.height;
    return ratio < rule.ratio[0] || ratio > rule.ratio[1] ? said("photo_ratio", size) : "";
  }
  const isSmall = (size) => size.width < rule.width || size.height < rule.height;
  const turned = (size) => ({ width: size.height, height: size.width });

  async function judge() {
    const file = input.files[0];
    URL.revokeObjectURL(address);
    part("crop").hidden = part("result").hidden = true;
    tell("", false);
    if (!file) return;
    address = URL.createObjectURL(file);
    const [kind, size] = [await kindOf(file), await measured(address)];
    if (input.files[0] !== file) return;
    const found = fault(file, kind, size);
    const canCrop = size && size.width * size.height <= rule.pixels && !(isSmall(size) && isSmall(turned(size)));
    const good = size ? "照片符合要求，可以直接保存；需要时可在下面裁剪。" : rule.heic;
    tell(found ? found + (canCrop ? "也可以在下面裁剪，裁剪后自动符合要求。" : "") : good, Boolean(found));
    if (!canCrop) return;
    source = size;
    turning = isSmall(size) ? turn() : openCrop();
    await turning;
  }

  // A picture that was taken lying is drawn anew, a quarter further to the right; one too low lying down, half a turn.
  async function turn() {
    const [picture, shown] = [new Image(), address];
    picture.src = shown;
    await picture.decode();
    const natural = { width: picture.naturalWidth, height: picture.naturalHeight };
    const isHalf = isSmall(turned(natural));
    const size = isHalf ? natural : turned(natural);
    const drawn = Object.assign(document.createElement("canvas"), size);
    const context = drawn.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, size.width, size.height);
    context.translate(size.width / 2, size.height / 2);
    context.rotate(isHalf ? Math.PI : Math.PI / 2);
    context.drawImage(picture, -natural.width / 2, -natural.height / 2);
    const blob = await new Promise((done) => drawn.toBlob(done, "image/jpeg", 0.95));
    // Another file was chosen meanwhile.
    if (address !== shown) return;
    URL.revokeObjectURL(address);
    address = URL.createObjectURL(blob);
    source = size;
    await openCrop();
  }

  async function openCrop() {
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
    if (button?.dataset.photoAct === "turn") turning = turning.then(turn);
    else if (button) act(button.dataset.photoAct);
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
    await turning;
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
