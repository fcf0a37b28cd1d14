// The map of PlaceMap: Leaflet as NiceGUI bundles it, on a ground of our own, or on tiles where the operator set some.
// Markers come as data and are built as elements, so that a name is always text. Those that did not change stay.
import { leaflet as L } from "nicegui-leaflet";

const STEPS = [45, 30, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001];
const NEAREST = 18;
const FITTED = { padding: [36, 36], maxZoom: 16 };
const SETTLED_MS = 150; // a wheel turns in many small steps; what is looked at is told when it rests

const make = (tag, classes, text) => {
  const element = document.createElement(tag);
  element.className = classes;
  if (text !== undefined) element.textContent = text;
  return element;
};

const drawn = (name) => {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  for (const d of (globalThis.benfexIcons || {})[name] || []) {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
};

const bounds = ([south, west, north, east]) => [[south, west], [north, east]];

// --- what stands at a place -------------------------------------------------------------------------
const towerOf = (mark) => {
  const link = make("a", "bf-tower");
  link.dataset.tone = mark.tone;
  link.append(drawn(mark.icon));
  if (mark.name) link.append(make("span", "name", mark.name));
  return link;
};
const personOf = (mark) => {
  const link = make("a", "bf-pin");
  const glyph = make("i", "bf-glyph");
  glyph.dataset.state = mark.state;
  link.append(glyph);
  return link;
};
const cellOf = (mark) => {
  const button = make("button", "bf-cell num");
  button.type = "button";
  let from = 0;
  const arcs = mark.parts.map(([tone, share]) => `var(--${tone}) ${from}% ${(from += share)}%`);
  button.style.background = `conic-gradient(${arcs.join(", ")})`;
  button.append(make("span", "", mark.count));
  return button;
};
const SIZES = { router: 30, customer: 24, cell: 44 };
const BUILDERS = { router: towerOf, customer: personOf, cell: cellOf };

// --- the ground: meridians and parallels, named at the edges ----------------------------------------
const named = (degrees, step, positive, negative) => {
  const digits = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
  const shown = Math.abs(degrees).toFixed(digits);
  return `${shown}°${degrees > step / 2 ? ` ${positive}` : degrees < -step / 2 ? ` ${negative}` : ""}`;
};
const Graticule = L.LayerGroup.extend({
  onAdd(map) {
    L.LayerGroup.prototype.onAdd.call(this, map);
    map.on("move zoomend resize", this.draw, this);
    this.draw();
  },
  onRemove(map) {
    map.off("move zoomend resize", this.draw, this);
    L.LayerGroup.prototype.onRemove.call(this, map);
  },
  draw() {
    const view = this._map.getBounds();
    const pixels = this._map.getSize();
    if (!pixels.x || !pixels.y) return;
    const across = (view.getEast() - view.getWest()) * Math.min(1, 110 / pixels.x);
    const step = STEPS.findLast((one) => one >= across) || STEPS[0];
    const wide = view.pad(0.5);
    const sides = [Math.max(wide.getSouth(), -85), Math.max(wide.getWest(), -180),
      Math.min(wide.getNorth(), 85), Math.min(wide.getEast(), 180)];
    const key = JSON.stringify([step, view, pixels]);
    if (key === this.drawnFor) return;
    this.drawnFor = key;
    this.clearLayers();
    const [south, west, north, east] = sides;
    const edge = this._map.containerPointToLatLng([0, pixels.y]);
    const at = (latitude, longitude) => this._map.latLngToContainerPoint([latitude, longitude]);
    for (let i = Math.ceil(west / step); i * step <= east; i++) {
      this.line([[south, i * step], [north, i * step]]);
      if (at(0, i * step).x >= 0) this.label([edge.lat, i * step], named(i * step, step, "E", "W"), "x");
    }
    for (let i = Math.ceil(south / step); i * step <= north; i++) {
      this.line([[i * step, west], [i * step, east]]);
      const { y } = at(i * step, 0);
      if (y > 16 && y < pixels.y - 22) this.label([i * step, edge.lng], named(i * step, step, "N", "S"), "y");
    }
  },
  line(points) {
    this.addLayer(L.polyline(points, { className: "bf-meridian", interactive: false, weight: 1, noClip: true }));
  },
  label(at, words, axis) {
    const icon = L.divIcon({ className: `bf-degree ${axis} num`, html: make("span", "", words), iconSize: [0, 0] });
    this.addLayer(L.marker(at, { icon, interactive: false, keyboard: false, zIndexOffset: -5000 }));
  },
});

export default {
  template: "<div></div>",
  props: {
    center: Array, zoom: Number, options: Object, drawControl: Object, resourcePath: String,
    hideDrawnItems: Boolean, additionalResources: Array, area: Array, tiles: Object, label: String,
  },
  async mounted() {
    await this.$nextTick(); // path_prefix is set by then
    await this.loadSheet();
    if (!this.$el.isConnected) return;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.map = L.map(this.$el, {
      center: this.center, zoom: this.zoom, zoomControl: false, minZoom: 2, maxZoom: NEAREST, attributionControl: false,
      maxBounds: [[-85, -190], [85, 190]], zoomAnimation: !still, fadeAnimation: !still, inertia: !still,
      ...this.options,
    });
    this.$el.setAttribute("role", "region");
    this.$el.setAttribute("aria-label", this.label);
    if (this.tiles) {
      L.tileLayer(this.tiles.url, {
        maxZoom: NEAREST, attribution: this.tiles.attribution, referrerPolicy: "strict-origin",
      }).addTo(this.map);
      L.control.attribution({ prefix: false }).addTo(this.map);
    } else new Graticule().addTo(this.map);
    L.control.zoom({ position: "topright" }).addTo(this.map);
    L.control.scale({ position: "bottomright", imperial: false, maxWidth: 140 }).addTo(this.map);
    this.marks = new Map();
    this.map.on("moveend", () => this.tell());
    this.map.on("click", (event) => this.$emit("pick", { lat: event.latlng.lat, lng: event.latlng.wrap().lng }));
    if (this.area) this.fit(this.area);
    this.observer = new ResizeObserver(() => this.resized());
    this.observer.observe(this.$el);
    this.waiting = setInterval(() => {
      if (globalThis.socket?.id === undefined) return;
      clearInterval(this.waiting);
      this.$emit("init");
      this.tell();
    }, 50);
  },
  unmounted() {
    clearInterval(this.waiting);
    clearTimeout(this.telling);
    this.observer?.disconnect();
    this.map?.remove();
    this.map = undefined;
  },
  methods: {
    loadSheet() {
      const href = `${globalThis.path_prefix || ""}${this.resourcePath}/leaflet/leaflet.css`;
      if (document.querySelector(`link[href="${href}"]`)) return Promise.resolve();
      return new Promise((done) => {
        const sheet = make("link", "");
        Object.assign(sheet, { rel: "stylesheet", href, onload: done, onerror: done });
        document.head.prepend(sheet); // ours goes over it
      });
    },
    resized() {
      // In a dialog the map has no size at first: what was to be seen is fitted once it has one.
      const before = this.map.getSize();
      this.map.invalidateSize({ pan: false });
      if ((!before.x || !before.y) && this.area) this.fit(this.area);
    },
    tell() {
      clearTimeout(this.telling);
      this.telling = setTimeout(() => {
        const size = this.map?.getSize();
        if (!size?.x || !size.y) return;
        const view = this.map.getBounds();
        this.$emit("view", [view.getSouth(), view.getWest(), view.getNorth(), view.getEast()]);
      }, SETTLED_MS);
    },
    fit(area) {
      this.map?.fitBounds(bounds(area), { ...FITTED, animate: false });
    },
    go(area) {
      this.fit(area);
      this.$el.scrollIntoView({ block: "nearest" }); // on a phone the list stands below the map
    },
    show(marks) {
      if (!this.map) return;
      const wanted = new Map(marks.map((mark) => [mark.key, mark]));
      this.towers = marks.filter((mark) => mark.kind === "router").map((mark) => [mark.lat, mark.lng]);
      for (const [key, one] of this.marks) {
        if (one.told !== JSON.stringify(wanted.get(key))) {
          one.layer.remove();
          this.marks.delete(key);
        }
      }
      for (const [key, mark] of wanted) {
        if (this.marks.has(key)) continue;
        this.marks.set(key, { told: JSON.stringify(mark), layer: this.built(mark).addTo(this.map) });
      }
    },
    built(mark) {
      const element = BUILDERS[mark.kind](mark);
      element.tabIndex = -1; // the list beside the map has the same, in an order
      element.title = mark.label;
      element.setAttribute("aria-label", mark.label);
      element.draggable = false;
      if (mark.focus) element.classList.add("here");
      if (mark.href) element.href = mark.href;
      this.stayOnDrag(element);
      if (mark.area) element.addEventListener("click", () => this.closer(mark));
      const size = SIZES[mark.kind];
      const icon = L.divIcon({
        className: `bf-mark-at ${mark.kind}`, html: element, iconSize: [size, size],
        iconAnchor: mark.kind === "cell" ? this.beside(mark, size) : [size / 2, size / 2],
      });
      const raised = { router: 2000, cell: 1000, customer: 0 }[mark.kind] + (mark.focus ? 3000 : 0);
      return L.marker([mark.lat, mark.lng], { icon, interactive: false, keyboard: false, zIndexOffset: raised });
    },
    beside(mark, size) {
      // A crowd's middle is often its router: it makes room for it.
      const at = this.map.latLngToContainerPoint([mark.lat, mark.lng]);
      const near = this.towers.some((tower) => at.distanceTo(this.map.latLngToContainerPoint(tower)) < 40);
      return near ? [size / 2 - 32, size / 2 + 26] : [size / 2, size / 2];
    },
    closer(mark) {
      const [south, west, north, east] = mark.area;
      const zoom = Math.min(NEAREST, Math.max(this.map.getZoom() + 1, this.map.getBoundsZoom(bounds(mark.area))));
      this.map.setView([(south + north) / 2, (west + east) / 2], zoom);
    },
    stayOnDrag(element) {
      let from;
      element.addEventListener("mousedown", (event) => (from = [event.clientX, event.clientY]));
      element.addEventListener("click", (event) => {
        event.stopPropagation(); // it is no click on the ground
        const moved = from && Math.hypot(event.clientX - from[0], event.clientY - from[1]) > 4;
        if (!moved) return;
        event.preventDefault();
        event.stopImmediatePropagation();
      });
    },
    run_map_method(name, ...args) {
      return this.map?.[name](...args);
    },
  },
};
