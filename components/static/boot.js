// Runs once a page, after Quasar is loaded and before the page is mounted.
(() => {
  const STROKE =
    "@@fill:none;stroke:currentColor;stroke-width:1.75;stroke-linecap:round;stroke-linejoin:round";
  const drawn = {};
  for (const [name, paths] of Object.entries(globalThis.benfexIcons || {})) {
    drawn[name] = paths.map((d) => d + STROKE).join("&&") + "|0 0 24 24";
  }

  // Quasar's own controls ask for Material names: answer with ours, so that no icon font is fetched.
  const QUASAR_NAMES = {
    arrow_drop_down: "chevron-down", arrow_upward: "arrow-up", arrow_downward: "arrow-down",
    arrow_back: "arrow-left", arrow_forward: "arrow-right", cancel: "x", clear: "x", close: "x",
    check: "check", check_circle: "circle-check", chevron_left: "chevron-left",
    chevron_right: "chevron-right", error: "circle-alert", warning: "triangle-alert",
    priority_high: "triangle-alert", info: "info", keyboard_arrow_up: "chevron-up",
    keyboard_arrow_down: "chevron-down", keyboard_arrow_left: "chevron-left",
    keyboard_arrow_right: "chevron-right", first_page: "chevrons-left", last_page: "chevrons-right",
    access_time: "clock", today: "calendar", event: "calendar", visibility: "eye",
    visibility_off: "eye-off", edit: "pencil", done: "check", refresh: "refresh-cw",
  };
  Quasar.IconSet.iconMapFn = (name) => {
    const path = drawn[QUASAR_NAMES[name] || name];
    return path === undefined ? undefined : { icon: path };
  };

  // Copying works without HTTPS too (a console on the LAN has no navigator.clipboard).
  const copy = async (text) => {
    if (navigator.clipboard && globalThis.isSecureContext) return navigator.clipboard.writeText(text);
    const area = Object.assign(document.createElement("textarea"), { value: text });
    area.style.cssText = "position:fixed;opacity:0";
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-bf-copy]");
    if (!button) return;
    event.preventDefault();
    const restore = document.activeElement;
    await copy(button.dataset.bfCopy);
    restore?.focus?.();
    button.dataset.copied = "";
    const says = button.querySelector("[role=status]");
    if (says) says.textContent = "Copied";
    setTimeout(() => {
      delete button.dataset.copied;
      if (says) says.textContent = "";
    }, 1600);
  });

  // Ctrl or Cmd + K, or a lone slash, opens the search; arrows walk through lists of results.
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    const asks = ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") ||
      (event.key === "/" && !typing && !event.metaKey && !event.ctrlKey && !event.altKey);
    const opener = asks && document.querySelector("[data-bf-search]");
    if (opener) {
      event.preventDefault();
      opener.click();
      return;
    }
    const palette = (event.key === "ArrowDown" || event.key === "ArrowUp") && event.target.closest?.(".bf-palette");
    if (!palette) return;
    event.preventDefault();
    const stops = [...palette.querySelectorAll("input, a.bf-hit")];
    const step = event.key === "ArrowDown" ? 1 : -1;
    stops[(stops.indexOf(document.activeElement) + step + stops.length) % stops.length]?.focus();
  });

  // The theme is kept in a cookie, so that the server's first answer already has it.
  globalThis.benfexTheme = () => {
    const dark = !Quasar.Dark.isActive;
    document.cookie = `benfex_theme=${dark ? "dark" : "light"};path=/;max-age=31536000;samesite=lax`;
    return dark;
  };
})();
