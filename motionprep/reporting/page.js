"use strict";
// The page around the player: which motion is shown, links to frames, the table of findings.
// All text comes from files, so it is only ever put into the page as text.

const data = JSON.parse(document.getElementById("data").textContent);
// What is empty is left out of the page.
data.findings = data.findings.map((one) =>
  ({ other: "", joint: "", frames: null, other_frames: null, value: null, ...one }));
const by = (id) => document.getElementById(id);
const whole = (value) => value.toLocaleString("en");
const SEVERITIES = ["error", "warning", "note"];
const ROWS = 15;

function make(kind, words = {}, ...inside) {
  const element = document.createElement(kind);
  for (const [name, value] of Object.entries(words)) element.setAttribute(name, value);
  element.append(...inside.filter((one) => one !== null));
  return element;
}

function address(motion, frame, beside = "", start = 0) {
  const words = [`motion=${encodeURIComponent(motion)}`, `frame=${frame}`];
  if (beside) words.push(`beside=${encodeURIComponent(beside)}`);
  if (beside && start) words.push(`start=${start}`);
  return `#${words.join("&")}`;
}

function asked() {
  const found = {};
  for (const part of location.hash.slice(1).split("&")) {
    const at = part.indexOf("=");
    try {
      if (at > 0) found[part.slice(0, at)] = decodeURIComponent(part.slice(at + 1));
    } catch { /* A link that was cut off names no motion. */ }
  }
  return found;
}

function badge(severity, count = null) {
  const word = count === null ? severity : `${whole(count)} ${severity}${count === 1 ? "" : "s"}`;
  return make("span", { class: `badge ${severity}` }, word);
}

// ---- the player

const takes = new Map(data.takes.map((take) => [take.key, take]));
const player = by("canvas") && new Player(by("canvas"));
let shown = null;
let beside = "";

function panesOf(key) {
  const take = takes.get(key);
  take.decoded ||= take.panes.map((pane, at) =>
    new Pane(pane, take.panes.length > 1 ? `${take.key} (${take.panes[at].modality})` : take.key));
  return take.decoded;
}

function open(key, frame = 1, other = "", starts = []) {
  const take = takes.get(key);
  if (!take) return;
  if (take !== shown || other !== beside || starts.length) {
    shown = take;
    beside = takes.has(other) && other !== key ? other : "";
    const panes = beside ? [panesOf(key)[0], panesOf(beside)[0]] : panesOf(key);
    player.show(panes, starts);
    describe();
  }
  player.seek(frame);
}

let waiting = 0;

/** Put what is shown into the address once it is still: browsers refuse to do so at every step of a slider. */
function later(here) {
  clearTimeout(waiting);
  waiting = setTimeout(() => { if (location.hash !== here) history.replaceState(null, "", here); }, 250);
}

function describe() {
  const panes = player.panes, clouds = panes.flatMap((pane) => pane.clouds);
  const markers = clouds.some((cloud) => cloud.modality === "markers");
  by("take-name").textContent = beside ? `${shown.key} beside ${beside}` : shown.key;
  by("take-facts").textContent = [shown.split, shown.subject && `subject ${shown.subject}`, shown.label,
    `${+panes[0].rate.toFixed(3)} fps`].filter(Boolean).join(" · ");
  by("scrub").max = by("frame").max = player.frames;
  const there = {
    "of-markers": markers,
    "of-both": markers && clouds.some((cloud) => cloud.modality !== "markers"),
    "of-contacts": panes.some((pane) => pane.contacts),
    "of-lines": clouds.some((cloud) => cloud.bones.length || cloud.guides.length),
  };
  for (const [name, is] of Object.entries(there)) {
    for (const one of document.getElementsByClassName(name)) one.hidden = !is;
  }
  by("canvas").classList.toggle("pair", panes.length > 1);
  by("canvas").setAttribute("aria-label", `${by("take-name").textContent} as a moving skeleton`);
  document.querySelectorAll("#takes a").forEach((one) => {
    const here = one.dataset.key === shown.key;
    one.setAttribute("aria-current", here ? "true" : "false");
    if (here) one.parentElement.parentElement.scrollTop = one.offsetTop - one.parentElement.parentElement.offsetTop - 60;
  });
  by("beside").value = beside;
  by("own").replaceChildren(...ownFindings(shown.key));
  by("own-title").parentElement.hidden = !by("own").childElementCount;
  strip();
}

function ownFindings(key) {
  return data.findings.filter((one) => one.motion === key).slice(0, 200).map((one) =>
    make("li", {}, badge(one.severity), " ", make("a", { href: linkOf(one) }, place(one)), " ", one.message));
}

function place(finding) {
  if (!finding.frames) return "whole motion";
  const [first, last] = finding.frames;
  return first === last ? `frame ${whole(first)}` : `frames ${whole(first)}–${whole(last)}`;
}

function linkOf(finding) {
  const frame = finding.frames ? finding.frames[0] : 1;
  const pair = takes.has(finding.other) ? finding.other : "";
  return address(finding.motion, frame, pair, finding.other_frames ? finding.other_frames[0] : 0);
}

/** Above the scrubber: findings, feet on the floor, and missing markers, over the frames. */
function strip() {
  const canvas = by("strip"), pen = canvas.getContext("2d"), ratio = window.devicePixelRatio || 1;
  const wide = canvas.clientWidth, high = canvas.clientHeight, pane = player.panes[0];
  canvas.width = wide * ratio;
  canvas.height = high * ratio;
  if (!pane || !wide) return;
  pen.scale(ratio, ratio);
  const style = getComputedStyle(document.documentElement), colour = (name) => style.getPropertyValue(`--${name}`);
  const at = (frame) => (frame - 1) / Math.max(1, pane.frames - 1) * wide;
  const lanes = pane.contacts ? 2 : 0;
  for (let lane = 0; lane < lanes; lane++) {
    pen.fillStyle = colour(lane ? "right" : "left");
    let since = -1;
    for (let kept = 0; kept <= pane.kept.length; kept++) {
      const touches = kept < pane.kept.length && (pane.contacts[kept] >> (2 * lane) & 3) > 0;
      if (touches && since < 0) since = kept;
      if (touches || since < 0) continue;
      const from = at(pane.kept[since] + 1), to = at((pane.kept[kept] ?? pane.frames) + 1);
      pen.fillRect(from, high - 4 - 5 * lane, Math.max(to - from, 1), 3);
      since = -1;
    }
  }
  if (pane.missing) {
    const step = wide / pane.missing.length;
    pen.fillStyle = colour("marker");
    pane.missing.forEach((share, place) => {
      const tall = share * (high - 12);
      pen.fillRect(place * step, high - 12 - tall, step + 0.5, tall);
    });
  }
  for (const severity of [...SEVERITIES].reverse()) {
    pen.fillStyle = colour(severity);
    for (const one of data.findings) {
      if (one.motion !== shown.key || one.severity !== severity || !one.frames) continue;
      pen.fillRect(at(one.frames[0]), 0, Math.max(3, at(one.frames[1]) - at(one.frames[0])), 6);
    }
  }
}

player?.addEventListener("change", () => {
  const frame = player.frame;
  by("scrub").value = frame;
  by("scrub").setAttribute("aria-valuetext", `frame ${frame} of ${player.frames}, ${player.seconds.toFixed(2)} seconds`);
  if (document.activeElement !== by("frame")) by("frame").value = frame;
  by("frame-now").textContent = `frame ${whole(frame)} / ${whole(player.frames)}`;
  by("time-now").textContent = `${player.seconds.toFixed(2)} s`;
  by("play").setAttribute("aria-label", player.playing ? "Pause" : "Play");
  by("play").classList.toggle("playing", player.playing);
  if (!player.playing && shown) {
    const here = address(shown.key, frame, beside, beside ? Math.round(player.frameOf(1)) : 0);
    by("link").setAttribute("href", here);
    if (asked().motion) later(here);
  }
});

function listTakes() {
  by("takes").replaceChildren(...data.takes.map((take) => {
    const counts = SEVERITIES.slice(0, 2).map((severity) =>
      [severity, data.findings.filter((one) => one.motion === take.key && one.severity === severity).length]);
    const pane = take.panes[0];
    return make("li", {}, make("a", { href: address(take.key, 1), "data-key": take.key },
      make("span", { class: "key" }, take.key),
      make("span", { class: "facts" },
        [take.split, take.label, `${(pane.frames / pane.rate).toFixed(1)} s`].filter(Boolean).join(" · ")),
      ...counts.filter(([, count]) => count).map(([severity, count]) => badge(severity, count))));
  }));
  by("beside").replaceChildren(make("option", { value: "" }, "nothing"),
    ...data.takes.map((take) => make("option", { value: take.key }, take.key)));
}

/** Show what the address asks for; a motion whose frames are not in the page is named, not shown. */
function follow(words = asked()) {
  clearTimeout(waiting);
  const note = by("absent");
  if (note) note.remove();
  if (!words.motion) return;
  if (!takes.has(words.motion)) {
    by("player-title").after(make("p", { id: "absent", class: "absent", role: "status" },
      `${words.motion} is not in this player, which holds ${whole(data.takes.length)} motions.`));
    return;
  }
  const frame = Math.round(Number(words.frame)) || 1;
  open(words.motion, frame, words.beside || "", words.beside ? [frame, Number(words.start) || 1] : []);
  if (!by("player").contains(document.activeElement)) by("player").scrollIntoView({ block: "start" });
}

if (player) {
  listTakes();
  for (const name of ["trails", "names", "markers", "skeleton"]) {
    by(name).addEventListener("change", () => { player.shows[name] = by(name).checked; player.draw(); });
  }
  by("play").addEventListener("click", () => player.toggle());
  by("scrub").addEventListener("input", () => { player.playing = false; player.seek(Number(by("scrub").value)); });
  by("frame").addEventListener("change", () => { player.playing = false; player.seek(Math.round(Number(by("frame").value)) || 1); });
  by("speed").addEventListener("change", () => { player.speed = Number(by("speed").value); });
  by("loop").addEventListener("change", () => { player.loop = by("loop").checked; });
  by("follow").addEventListener("change", () => { player.follow = by("follow").checked; player.draw(); });
  by("beside").addEventListener("change", () => open(shown.key, player.frame, by("beside").value, [player.frame, 1]));
  by("reset").addEventListener("click", () => { player.home(); player.draw(); });
  by("player").addEventListener("keydown", (event) => {
    // The scrubber has arrows of its own.
    if (event.target.closest("select, a, button, input:not([type=range])")) return;
    if (event.target === by("scrub") && event.key !== " ") return;
    if (player.key(event)) event.preventDefault();
  });
  new ResizeObserver(strip).observe(by("strip"));
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", () => { player.colours(); strip(); });
  player.colours();
  // What is shown is soon in the address, in place of what was asked for.
  const words = asked();
  if (!takes.has(words.motion) && data.open?.motion) {
    open(data.open.motion, data.open.frame, data.open.beside, [data.open.frame, data.open.start]);
    player.seek(Math.ceil(player.frames * 0.4));
  } else if (!takes.has(words.motion)) {
    const [take] = data.takes;
    const first = data.findings.find((one) => one.motion === take.key && one.severity !== "note" && one.frames);
    open(take.key, first ? first.frames[0] : Math.ceil(take.panes[0].frames * 0.4));
  }
  addEventListener("hashchange", () => follow());
  follow(words);
}

// ---- the table of findings

function findingsTable() {
  const body = by("finding-rows"), search = by("finding-search"), code = by("finding-code");
  const boxes = SEVERITIES.map((severity) => by(`finding-${severity}`));
  let order = { column: "severity", down: false }, most = ROWS;
  const values = {
    severity: (one) => SEVERITIES.indexOf(one.severity),
    code: (one) => one.code,
    motion: (one) => one.motion,
    frames: (one) => one.frames ? one.frames[0] : 0,
    joint: (one) => one.joint,
    value: (one) => one.value ?? -Infinity,
  };
  const compare = new Intl.Collator("en", { numeric: true }).compare;

  function rows() {
    const text = search.value.trim().toLowerCase();
    const kept = data.findings.filter((one) => boxes[SEVERITIES.indexOf(one.severity)].checked
      && (!code.value || one.code === code.value)
      && (!text || [one.motion, one.other, one.code, one.joint, one.message].some((word) => word.toLowerCase().includes(text))));
    const value = values[order.column], sign = order.down ? -1 : 1;
    return kept.map((one, at) => [one, at]).sort(([one, at], [other, there]) => {
      const a = value(one), b = value(other);
      const apart = typeof a === "string" ? compare(a, b) : a - b || 0;
      return sign * apart || at - there;
    }).map(([one]) => one);
  }

  function row(one) {
    const here = takes.has(one.motion);
    const motion = here ? make("a", { href: linkOf(one) }, one.motion) : one.motion;
    const where = here ? make("a", { href: linkOf(one) }, place(one)) : place(one);
    const number = (value) => value === null ? "" : String(+value.toPrecision(4));
    return make("tr", {},
      make("td", {}, badge(one.severity)),
      make("td", { class: "code" }, one.code),
      make("td", { class: "motion" }, motion, one.other ? ` and ${one.other}` : null),
      make("td", {}, where),
      make("td", { class: "joint" }, one.joint),
      make("td", { class: "number" }, number(one.value)),
      make("td", { class: "message" }, one.message));
  }

  function fill() {
    const found = rows();
    body.replaceChildren(...found.slice(0, most).map(row));
    by("finding-count").textContent = `${whole(Math.min(most, found.length))} of ${whole(found.length)} shown`;
    by("finding-more").hidden = found.length <= most;
    document.querySelectorAll("#findings th[data-column]").forEach((head) => {
      const mine = head.dataset.column === order.column;
      head.setAttribute("aria-sort", mine ? order.down ? "descending" : "ascending" : "none");
    });
  }

  const again = () => { most = ROWS; fill(); };
  for (const box of boxes) box.addEventListener("change", again);
  search.addEventListener("input", again);
  code.addEventListener("change", again);
  by("finding-more").addEventListener("click", () => { most += 200; fill(); });
  document.querySelectorAll("#findings th[data-column] button").forEach((button) => {
    button.addEventListener("click", () => {
      const column = button.parentElement.dataset.column;
      order = { column, down: order.column === column && !order.down };
      again();
    });
  });
  const codes = [...new Set(data.findings.map((one) => one.code))].sort();
  code.append(...codes.map((one) => make("option", { value: one }, one)));
  fill();

  /** Show the findings of the check that the address names. */
  function chosen() {
    const { check } = asked();
    if (!codes.includes(check)) return;
    code.value = check;
    again();
    by("all-findings").scrollIntoView();
  }

  addEventListener("hashchange", chosen);
  chosen();
}

if (by("finding-rows")) findingsTable();

/** What tests and scripts may use; see docs/report.md. */
if (player) window.motionprepPlayer = {
  get frame() { return player.frame; },
  get frames() { return player.frames; },
  get playing() { return player.playing; },
  get motion() { return shown ? shown.key : ""; },
  get beside() { return beside; },
  seek: (frame) => player.seek(frame),
  play: () => player.play(),
  pause: () => player.pause(),
  projected: (pane = 0) => player.projected(pane),
  camera: (pane = 0) => player.camera(pane),
};
