// Before the first paint, so that a dark till never flashes white.
try {
  const theme = localStorage.getItem("tillandsia.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // A browser without storage shows the device's theme.
}
