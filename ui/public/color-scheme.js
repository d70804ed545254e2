// Before the first paint, so that a dark page never flashes white. A file of its own: the page's content
// security policy allows no inline script.
(() => {
  let wanted = "auto";
  try {
    wanted = localStorage.getItem("weir-color-scheme") || "auto";
  } catch {}
  const dark =
    wanted === "dark" || (wanted !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
})();
