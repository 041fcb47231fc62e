"use strict";
// The skeleton player. A pane shows one world: points of a skeleton, of markers, or of both, over time.
//
// A point p (in the take's unit) is drawn at
//   q = (turn * p - floor * up) / height            in body heights, y up, the floor at 0
//   d = q - target
//   (x, z) = (cos yaw * dx - sin yaw * dz, sin yaw * dx + cos yaw * dz)
//   (y, z) = (cos pitch * dy - sin pitch * z, sin pitch * dy + cos pitch * z)
//   (left + width / 2 + focal * x / (distance - z), height / 2 - focal * y / (distance - z))   in CSS pixels

const FIELD_OF_VIEW = 30 * Math.PI / 180;
const NEAR = 0.05;
const TRAIL_SECONDS = 1;

/** Rows that turn the axis that is up to y, and keep right-handed what is right-handed. */
const TURNS = {
  "x": [[0, -1, 0], [1, 0, 0], [0, 0, 1]],
  "-x": [[0, 1, 0], [-1, 0, 0], [0, 0, 1]],
  "y": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  "-y": [[1, 0, 0], [0, -1, 0], [0, 0, -1]],
  "z": [[1, 0, 0], [0, 0, 1], [0, -1, 0]],
  "-z": [[1, 0, 0], [0, 0, -1], [0, 1, 0]],
};

function bytes(text) {
  const plain = atob(text);
  const found = new Uint8Array(plain.length);
  for (let at = 0; at < plain.length; at++) found[at] = plain.charCodeAt(at);
  return found;
}

/** The points of one skeleton, or of one set of markers, in the frames that are kept. */
class Cloud {
  constructor(plain) {
    this.names = plain.names;
    this.sides = plain.sides;
    this.bones = plain.bones;
    this.guides = plain.guides;
    this.trails = plain.trails;
    this.focus = plain.focus;
    this.head = plain.head;
    this.modality = plain.modality;
    this.scale = plain.scale;
    this.origins = new Float32Array(bytes(plain.origins).buffer);
    this.points = new Int16Array(bytes(plain.points).buffer);
    this.bits = plain.visible === null ? null : bytes(plain.visible);
    this.row = Math.ceil(this.names.length / 8);
    this.ever = this.names.map((_, point) => {
      if (this.bits === null) return true;
      for (let kept = 0; kept * this.row < this.bits.length; kept++) if (this.seen(kept, point)) return true;
      return false;
    });
  }

  seen(kept, point) {
    return this.bits === null || (this.bits[kept * this.row + (point >> 3)] >> (point & 7) & 1) === 1;
  }

  /** The positions of all points between a kept frame and the next, in the take's unit. */
  at(kept, next, share) {
    const count = this.names.length;
    const found = new Float64Array(3 * count);
    for (let axis = 0; axis < 3; axis++) {
      const one = this.origins[3 * kept + axis], other = this.origins[3 * next + axis];
      for (let point = 0; point < count; point++) {
        const before = one + this.scale * this.points[3 * (kept * count + point) + axis];
        const after = other + this.scale * this.points[3 * (next * count + point) + axis];
        found[3 * point + axis] = before + share * (after - before);
      }
    }
    return found;
  }
}

/** What one view shows, and where the camera looks in it. */
class Pane {
  constructor(plain, title) {
    this.title = title;
    this.rate = plain.rate;
    this.frames = plain.frames;
    this.up = plain.up;
    this.turn = TURNS[plain.up];
    this.height = plain.height;
    this.floor = plain.floor;
    this.flat = plain.flat;
    this.hips = plain.hips;
    this.moves = plain.moves;
    this.missing = plain.missing;
    this.kept = new Uint32Array(bytes(plain.kept).buffer);
    this.clouds = plain.clouds.map((one) => new Cloud(one));
    this.feet = plain.contacts === null ? [] : plain.contacts.nodes;
    this.contacts = plain.contacts === null ? null : bytes(plain.contacts.bits);
    this.way = this.smoothed();
    this.front = 0;
  }

  /** Turn the camera so that the body comes towards it in a frame, if it is known where that is. */
  face(frame) {
    if (this.hips === null) return;
    const [kept] = this.place(frame), points = this.clouds[0].at(kept, kept, 0);
    const [left, right] = this.hips.map((node) => this.normal(points[3 * node], points[3 * node + 1], points[3 * node + 2]));
    this.front = Math.atan2(right[2] - left[2], left[0] - right[0]);
  }

  /** Index of the last kept frame at or before a frame counted from 1, of the next one, and how far it is between. */
  place(frame) {
    const wanted = Math.min(Math.max(frame - 1, 0), this.frames - 1);
    let low = 0, high = this.kept.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.kept[middle] <= wanted) low = middle; else high = middle - 1;
    }
    const next = Math.min(low + 1, this.kept.length - 1);
    const apart = this.kept[next] - this.kept[low];
    return [low, next, apart > 0 ? (wanted - this.kept[low]) / apart : 0];
  }

  normal(x, y, z) {
    const [a, b, c] = this.turn;
    return [
      (a[0] * x + a[1] * y + a[2] * z) / this.height,
      (b[0] * x + b[1] * y + b[2] * z - this.floor) / this.height,
      (c[0] * x + c[1] * y + c[2] * z) / this.height,
    ];
  }

  /** Where the body is, frame by frame, without its swaying; where it jumps the camera jumps too. */
  smoothed() {
    const cloud = this.clouds[0], focus = cloud.focus, count = this.kept.length;
    const reach = Math.max(1, Math.round(0.5 * this.rate * count / this.frames));
    const middles = Array.from(this.kept, (_, at) => {
      const points = cloud.at(at, at, 0);
      return this.normal(...[0, 1, 2].map((axis) =>
        focus.reduce((sum, point) => sum + points[3 * point + axis], 0) / focus.length));
    });
    return middles.map((middle, at) => {
      const near = middles.slice(Math.max(0, at - reach), Math.min(count, at + reach + 1));
      const mean = [0, 1, 2].map((axis) => near.reduce((sum, one) => sum + one[axis], 0) / near.length);
      return Math.hypot(...mean.map((one, axis) => one - middle[axis])) > 1 ? middle : mean;
    });
  }

  target(frame) {
    const [at, next, share] = this.place(frame);
    const mix = (axis) => this.way[at][axis] + share * (this.way[next][axis] - this.way[at][axis]);
    return [mix(0), this.flat ? mix(1) : 0.5, mix(2)];
  }

  touches(frame, foot) {
    return this.contacts !== null && (this.contacts[this.place(frame)[0]] >> foot & 1) === 1;
  }
}

/** Plays one motion, or two side by side in step, on a canvas. */
class Player extends EventTarget {
  constructor(canvas) {
    super();
    this.canvas = canvas;
    this.pen = canvas.getContext("2d");
    this.panes = [];
    this.exact = 1;
    this.playing = false;
    this.speed = 1;
    this.loop = true;
    this.follow = true;
    this.shows = { trails: true, names: false, markers: true, skeleton: true };
    this.pointed = null;
    this.home();
    new ResizeObserver(() => this.resize()).observe(canvas);
    this.steer();
  }

  // ---- time: frames are those of the first pane, counted from 1

  get frame() { return Math.round(this.exact); }

  get frames() { return this.panes.length ? this.panes[0].frames : 1; }

  get seconds() { return this.panes.length ? (this.exact - 1) / this.panes[0].rate : 0; }

  show(panes, starts = []) {
    this.panes = panes;
    this.starts = panes.map((_, at) => starts[at] ?? 1);
    // A T-pose says nothing about where the body faces afterwards.
    const wait = panes.length ? Math.max(0, panes[0].moves - this.starts[0]) / panes[0].rate : 0;
    panes.forEach((pane, at) => pane.face(Math.max(this.starts[at] + wait * pane.rate, pane.moves)));
    this.exact = 1;
    this.playing = false;
    this.home();
    this.changed();
  }

  /** The frame of a pane at the same time: those in `starts` are shown together. */
  frameOf(at) {
    const first = this.panes[0], pane = this.panes[at];
    if (at === 0) return this.exact;
    const seconds = (this.exact - this.starts[0]) / first.rate;
    return Math.min(Math.max(this.starts[at] + seconds * pane.rate, 1), pane.frames);
  }

  seek(frame) {
    this.exact = Math.min(Math.max(frame, 1), this.frames);
    this.changed();
  }

  play() {
    if (this.playing || !this.panes.length) return;
    if (this.exact >= this.frames) this.exact = 1;
    this.playing = true;
    let before = performance.now();
    const step = (now) => {
      if (!this.playing) return;
      this.exact += (now - before) / 1000 * this.panes[0].rate * this.speed;
      before = now;
      if (this.exact > this.frames) {
        if (this.loop) this.exact = 1;
        else { this.exact = this.frames; this.playing = false; }
      }
      this.changed();
      if (this.playing) requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
    this.changed();
  }

  pause() {
    this.playing = false;
    this.exact = this.frame;
    this.changed();
  }

  toggle() { if (this.playing) this.pause(); else this.play(); }

  changed() {
    this.draw();
    this.dispatchEvent(new Event("change"));
  }

  // ---- camera

  home() {
    this.pitch = 0.2;
    this.distance = 2.5;
    // Beside straight ahead of the body, of each pane its own.
    this.yaw = -0.6;
    if (this.panes.length && this.panes[0].flat) this.yaw = this.pitch = 0;
  }

  orbit(yaw, pitch) {
    this.yaw += yaw;
    this.pitch = Math.min(Math.max(this.pitch + pitch, -0.3), 1.55);
    this.draw();
  }

  zoom(factor) {
    this.distance = Math.min(Math.max(this.distance * factor, 0.4), 40);
    this.draw();
  }

  /** What `project` needs of a pane, as numbers; the head of this file says how they are used. */
  camera(at) {
    const wide = this.canvas.clientWidth, high = this.canvas.clientHeight;
    const stacked = wide < 520 && this.panes.length > 1, count = Math.max(1, this.panes.length);
    const pane = this.panes[at], width = stacked ? wide : wide / count, height = stacked ? high / count : high;
    return {
      yaw: this.yaw + (pane ? pane.front : 0), pitch: this.pitch, distance: this.distance, width, height,
      left: stacked ? 0 : at * width, top: stacked ? at * height : 0,
      focal: Math.min(height, 1.15 * width) / 2 / Math.tan(FIELD_OF_VIEW / 2),
      target: pane ? pane.target(this.follow ? this.frameOf(at) : 1) : [0, 0.5, 0],
      turn: pane ? pane.turn : TURNS.y, floor: pane ? pane.floor : 0, unit: pane ? pane.height : 1,
    };
  }

  static project(camera, q) {
    const dx = q[0] - camera.target[0], dy = q[1] - camera.target[1], dz = q[2] - camera.target[2];
    const x = camera.cosYaw * dx - camera.sinYaw * dz, z1 = camera.sinYaw * dx + camera.cosYaw * dz;
    const y = camera.cosPitch * dy - camera.sinPitch * z1, z = camera.sinPitch * dy + camera.cosPitch * z1;
    const depth = Math.max(camera.distance - z, NEAR);
    const scale = camera.focal / depth;
    return [camera.left + camera.width / 2 + scale * x, camera.top + camera.height / 2 - scale * y, depth];
  }

  lens(at) {
    const camera = this.camera(at);
    camera.cosYaw = Math.cos(camera.yaw); camera.sinYaw = Math.sin(camera.yaw);
    camera.cosPitch = Math.cos(camera.pitch); camera.sinPitch = Math.sin(camera.pitch);
    return camera;
  }

  /** Where each point of a pane is drawn: {name, x, y, seen}, in CSS pixels from the corner of the canvas. */
  projected(at = 0) {
    const pane = this.panes[at], camera = this.lens(at), [kept, next, share] = pane.place(this.frameOf(at));
    return pane.clouds.flatMap((cloud) => {
      const points = cloud.at(kept, next, share);
      return cloud.names.map((name, point) => {
        const q = pane.normal(points[3 * point], points[3 * point + 1], points[3 * point + 2]);
        const [x, y, depth] = Player.project(camera, q);
        return { name, x, y, depth, seen: cloud.seen(kept, point), ever: cloud.ever[point], modality: cloud.modality };
      });
    });
  }

  // ---- drawing

  colours() {
    const style = getComputedStyle(document.documentElement);
    const names = ["ink", "faint", "grid", "stage", "middle", "left", "right", "marker", "contact", "shadow", "accent"];
    this.palette = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
    this.draw();
  }

  resize() {
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(this.canvas.clientWidth * ratio);
    this.canvas.height = Math.round(this.canvas.clientHeight * ratio);
    this.draw();
  }

  draw() {
    if (!this.palette || !this.canvas.width) return;
    const pen = this.pen, ratio = this.canvas.width / this.canvas.clientWidth;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.fillStyle = this.palette.stage;
    pen.fillRect(0, 0, this.canvas.clientWidth, this.canvas.clientHeight);
    this.panes.forEach((_, at) => this.drawPane(at));
  }

  drawPane(at) {
    const pen = this.pen, pane = this.panes[at], camera = this.lens(at), frame = this.frameOf(at);
    const [kept, next, share] = pane.place(frame);
    pen.save();
    pen.beginPath();
    pen.rect(camera.left, camera.top, camera.width, camera.height);
    pen.clip();
    if (!pane.flat) this.drawGrid(camera);
    for (const cloud of pane.clouds) {
      if (cloud.modality === "markers" ? !this.shows.markers : !this.shows.skeleton) continue;
      const points = cloud.at(kept, next, share);
      const places = cloud.names.map((_, point) =>
        pane.normal(points[3 * point], points[3 * point + 1], points[3 * point + 2]));
      const drawn = places.map((q) => Player.project(camera, q));
      if (!pane.flat) this.drawShadow(camera, cloud, places);
      if (this.shows.trails) this.drawTrails(camera, pane, cloud, frame);
      if (cloud.modality !== "markers") this.drawContacts(camera, pane, places, frame);
      this.drawBones(camera, cloud, drawn);
      this.drawPoints(camera, cloud, drawn, kept);
      if (cloud.bones.length && cloud.head.length) this.drawHead(camera, cloud, places);
      if (this.shows.names) this.drawNames(cloud, drawn);
    }
    if (this.pointed && this.pointed.pane === at) this.drawLabel(this.projected(at)[this.pointed.index]);
    this.drawTitle(camera, pane, at, frame);
    pen.restore();
  }

  drawGrid(camera) {
    const pen = this.pen, step = 0.5, reach = 4;
    const [x0, , z0] = camera.target.map((one) => Math.round(one / step) * step);
    pen.strokeStyle = this.palette.grid;
    pen.lineWidth = 1;
    // Lines fade out with the distance, so they are drawn piece by piece, all pieces of one strength together.
    const levels = Array.from({ length: 8 }, () => []);
    for (let at = -reach; at <= reach; at += step) {
      for (let from = -reach; from < reach; from += step) {
        const lines = [
          [[x0 + at, 0, z0 + from], [x0 + at, 0, z0 + from + step]],
          [[x0 + from, 0, z0 + at], [x0 + from + step, 0, z0 + at]],
        ];
        for (const [one, other] of lines) {
          const far = Math.hypot((one[0] + other[0]) / 2 - camera.target[0], (one[2] + other[2]) / 2 - camera.target[2]);
          const a = Player.project(camera, one), b = Player.project(camera, other);
          if (far < reach && a[2] > NEAR && b[2] > NEAR) levels[Math.floor(far / reach * levels.length)].push([a, b]);
        }
      }
    }
    levels.forEach((lines, level) => {
      pen.globalAlpha = (1 - level / levels.length) ** 1.5;
      pen.beginPath();
      for (const [a, b] of lines) {
        pen.moveTo(a[0], a[1]);
        pen.lineTo(b[0], b[1]);
      }
      pen.stroke();
    });
    pen.globalAlpha = 1;
  }

  drawShadow(camera, cloud, places) {
    const pen = this.pen;
    pen.strokeStyle = this.palette.shadow;
    pen.lineCap = "round";
    const onFloor = (q) => Player.project(camera, [q[0], 0, q[2]]);
    pen.beginPath();
    for (const [one, other] of cloud.bones.length ? cloud.bones : cloud.guides) {
      if (!cloud.ever[one] || !cloud.ever[other]) continue;
      const a = onFloor(places[one]), b = onFloor(places[other]);
      pen.moveTo(a[0], a[1]);
      pen.lineTo(b[0], b[1]);
    }
    pen.lineWidth = Math.max(2, 0.03 * camera.focal / camera.distance);
    pen.stroke();
  }

  drawTrails(camera, pane, cloud, frame) {
    const pen = this.pen, first = Math.max(1, frame - TRAIL_SECONDS * pane.rate), steps = 24;
    for (const point of cloud.trails) {
      pen.strokeStyle = this.palette[["middle", "left", "right"][cloud.sides[point]]];
      let before = null;
      for (let at = 0; at <= steps; at++) {
        const [kept, next, share] = pane.place(first + (frame - first) * at / steps);
        const q = [0, 1, 2].map((axis) => {
          const value = (row) => cloud.origins[3 * row + axis]
            + cloud.scale * cloud.points[3 * (row * cloud.names.length + point) + axis];
          return value(kept) + share * (value(next) - value(kept));
        });
        const there = Player.project(camera, pane.normal(...q));
        if (before) {
          pen.globalAlpha = 0.5 * at / steps;
          pen.lineWidth = 1 + at / steps;
          pen.beginPath();
          pen.moveTo(before[0], before[1]);
          pen.lineTo(there[0], there[1]);
          pen.stroke();
        }
        before = there;
      }
    }
    pen.globalAlpha = 1;
  }

  drawContacts(camera, pane, places, frame) {
    const pen = this.pen;
    pane.feet.forEach((nodes, foot) => {
      if (!pane.touches(frame, foot)) return;
      const mean = [0, 1, 2].map((axis) => nodes.reduce((sum, node) => sum + places[node][axis], 0) / nodes.length);
      pen.strokeStyle = this.palette.contact;
      pen.fillStyle = this.palette.contact;
      for (const [radius, alpha] of [[0.075, 0.25], [0.045, 0.7]]) {
        pen.globalAlpha = alpha;
        pen.beginPath();
        for (let turn = 0; turn < 24; turn++) {
          const angle = turn / 12 * Math.PI;
          const there = Player.project(camera, [mean[0] + radius * Math.cos(angle), 0, mean[2] + radius * Math.sin(angle)]);
          if (turn) pen.lineTo(there[0], there[1]); else pen.moveTo(there[0], there[1]);
        }
        pen.closePath();
        pen.fill();
      }
      pen.globalAlpha = 1;
    });
  }

  drawBones(camera, cloud, drawn) {
    const pen = this.pen, solid = cloud.bones.length || cloud.modality !== "markers";
    const lines = (cloud.bones.length ? cloud.bones : cloud.guides)
      .filter(([one, other]) => cloud.ever[one] && cloud.ever[other] && drawn[one][2] > NEAR && drawn[other][2] > NEAR)
      .map(([one, other]) => [drawn[one], drawn[other], cloud.sides[other], (drawn[one][2] + drawn[other][2]) / 2])
      .sort((one, other) => other[3] - one[3]);
    pen.lineCap = "round";
    for (const [a, b, side, depth] of lines) {
      const size = camera.focal / depth;
      const wide = solid ? Math.min(Math.max((cloud.bones.length ? 0.02 : 0.012) * size, 1.6), 14) : 1.2;
      pen.beginPath();
      pen.moveTo(a[0], a[1]);
      pen.lineTo(b[0], b[1]);
      if (solid) {
        // A rim in the colour of the stage tells a bone in front from one behind.
        pen.strokeStyle = this.palette.stage;
        pen.lineWidth = wide + 2.5;
        pen.stroke();
      }
      pen.globalAlpha = solid ? 1 : 0.35;
      pen.strokeStyle = this.palette[["middle", "left", "right"][side]];
      pen.lineWidth = wide;
      pen.stroke();
      pen.globalAlpha = 1;
    }
  }

  drawPoints(camera, cloud, drawn, kept) {
    const pen = this.pen, markers = cloud.modality === "markers";
    const order = drawn.map((_, point) => point).sort((one, other) => drawn[other][2] - drawn[one][2]);
    for (const point of order) {
      const [x, y, depth] = drawn[point];
      if (!cloud.ever[point] || depth <= NEAR) continue;
      const radius = Math.min(Math.max((markers ? 0.011 : 0.014) * camera.focal / depth, 1.5), 9);
      const colour = markers ? this.palette.marker : this.palette[["middle", "left", "right"][cloud.sides[point]]];
      pen.beginPath();
      pen.arc(x, y, radius, 0, 2 * Math.PI);
      if (cloud.seen(kept, point)) {
        pen.fillStyle = colour;
        pen.fill();
        if (!markers) {
          pen.strokeStyle = this.palette.stage;
          pen.lineWidth = 1;
          pen.stroke();
        }
      } else {
        pen.strokeStyle = colour;
        pen.lineWidth = 1.4;
        pen.stroke();
      }
    }
  }

  drawHead(camera, cloud, places) {
    const pen = this.pen, nodes = cloud.head.map((node) => places[node]);
    const middle = [0, 1, 2].map((axis) => nodes.reduce((sum, q) => sum + q[axis], 0) / nodes.length);
    const [x, y, depth] = Player.project(camera, middle);
    if (depth <= NEAR) return;
    pen.beginPath();
    pen.arc(x, y, 0.05 * camera.focal / depth, 0, 2 * Math.PI);
    pen.fillStyle = pen.strokeStyle = this.palette.middle;
    pen.globalAlpha = 0.12;
    pen.fill();
    pen.globalAlpha = 0.4;
    pen.lineWidth = 1.2;
    pen.stroke();
    pen.globalAlpha = 1;
  }

  /** Names beside the points, the nearest first; where one would cover another it is left out. */
  drawNames(cloud, drawn) {
    const pen = this.pen, boxes = [];
    pen.font = "11px system-ui, sans-serif";
    pen.lineJoin = "round";
    const order = drawn.map((_, point) => point).sort((one, other) => drawn[one][2] - drawn[other][2]);
    for (const point of order) {
      const x = drawn[point][0] + 8, y = drawn[point][1] + 4, wide = pen.measureText(cloud.names[point]).width;
      const covers = boxes.some((box) => x < box[0] + box[2] && box[0] < x + wide && Math.abs(y - box[1]) < 11);
      if (!cloud.ever[point] || covers) continue;
      boxes.push([x, y, wide]);
      pen.strokeStyle = this.palette.stage;
      pen.lineWidth = 3;
      pen.strokeText(cloud.names[point], x, y);
      pen.fillStyle = this.palette.ink;
      pen.fillText(cloud.names[point], x, y);
    }
  }

  drawLabel(point) {
    if (!point) return;
    const pen = this.pen, text = point.seen ? point.name : `${point.name} (not visible)`;
    pen.font = "600 12px system-ui, sans-serif";
    const wide = pen.measureText(text).width + 14;
    const x = Math.min(Math.max(point.x - wide / 2, 4), this.canvas.clientWidth - wide - 4);
    const y = point.y > 40 ? point.y - 34 : point.y + 12;
    pen.strokeStyle = this.palette.ink;
    pen.lineWidth = 1.5;
    pen.beginPath();
    pen.arc(point.x, point.y, 8, 0, 2 * Math.PI);
    pen.stroke();
    pen.fillStyle = this.palette.ink;
    pen.beginPath();
    pen.roundRect(x, y, wide, 22, 5);
    pen.fill();
    pen.fillStyle = this.palette.stage;
    pen.fillText(text, x + 7, y + 15);
  }

  drawTitle(camera, pane, at, frame) {
    const pen = this.pen;
    if (at && camera.left) {
      pen.strokeStyle = this.palette.grid;
      pen.beginPath();
      pen.moveTo(camera.left, 0);
      pen.lineTo(camera.left, camera.height);
      pen.stroke();
    }
    if (this.panes.length < 2) return;
    pen.font = "600 13px system-ui, sans-serif";
    pen.fillStyle = this.palette.ink;
    pen.fillText(pane.title, camera.left + 12, camera.top + 22);
    pen.font = "12px system-ui, sans-serif";
    pen.fillStyle = this.palette.faint;
    pen.fillText(`frame ${Math.round(frame).toLocaleString("en")}`, camera.left + 12, camera.top + 39);
  }

  // ---- mouse, touch and keyboard

  point(x, y) {
    let found = null;
    this.panes.forEach((_, pane) => {
      this.projected(pane).forEach((one, index) => {
        const far = Math.hypot(one.x - x, one.y - y);
        const shown = one.modality === "markers" ? this.shows.markers : this.shows.skeleton;
        if (one.ever && shown && far < 12 && (!found || far < found.far)) found = { pane, index, far, name: one.name };
      });
    });
    const before = this.pointed;
    this.pointed = found;
    if (found || before) this.draw();
    this.canvas.title = found ? found.name : "";
  }

  steer() {
    const held = new Map();
    let apart = 0;
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      this.canvas.focus({ preventScroll: true });
      held.set(event.pointerId, [event.clientX, event.clientY]);
      apart = 0;
    });
    this.canvas.addEventListener("pointermove", (event) => {
      const before = held.get(event.pointerId);
      if (!before) {
        const box = this.canvas.getBoundingClientRect();
        this.point(event.clientX - box.left, event.clientY - box.top);
        return;
      }
      const moved = [event.clientX - before[0], event.clientY - before[1]];
      held.set(event.pointerId, [event.clientX, event.clientY]);
      if (held.size === 1) {
        this.orbit(moved[0] * 0.008, moved[1] * 0.006);
      } else if (held.size === 2) {
        const [one, other] = [...held.values()];
        const now = Math.hypot(one[0] - other[0], one[1] - other[1]);
        if (apart) this.zoom(apart / now);
        apart = now;
        this.orbit(0, moved[1] * 0.003);
      }
    });
    for (const kind of ["pointerup", "pointercancel"]) {
      this.canvas.addEventListener(kind, (event) => { held.delete(event.pointerId); apart = 0; });
    }
    this.canvas.addEventListener("pointerleave", () => this.point(-1e9, -1e9));
    // The wheel scrolls the page until somebody has chosen the picture.
    this.canvas.addEventListener("wheel", (event) => {
      if (document.activeElement !== this.canvas && !event.ctrlKey) return;
      event.preventDefault();
      this.zoom(Math.exp(event.deltaY * 0.0012));
    }, { passive: false });
  }

  /** Do what a key means; return whether it means anything. */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.panes.length) return false;
    const second = Math.round(this.panes[0].rate), go = (by) => { this.pause(); this.seek(this.frame + by); };
    const does = {
      " ": () => this.toggle(),
      "ArrowLeft": () => go(event.shiftKey ? -second : -1),
      "ArrowRight": () => go(event.shiftKey ? second : 1),
      "Home": () => { this.pause(); this.seek(1); },
      "End": () => { this.pause(); this.seek(this.frames); },
      "a": () => this.orbit(0.15, 0), "d": () => this.orbit(-0.15, 0),
      "w": () => this.orbit(0, 0.1), "s": () => this.orbit(0, -0.1),
      "+": () => this.zoom(0.9), "=": () => this.zoom(0.9), "-": () => this.zoom(1 / 0.9),
      "0": () => { this.home(); this.draw(); },
    }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!does) return false;
    does();
    return true;
  }
}
