// Shows the page's sections as slides, upright on an upright phone. With ?print-pdf at the end of
// the address they are laid out for printing.
const upright = matchMedia("(orientation: portrait) and (max-width: 40rem)").matches;

Reveal.initialize({
  width: upright ? 720 : 1280,
  height: upright ? 1280 : 720,
  margin: 0,
  center: false,
  display: "flex",
  hash: true,
  slideNumber: "c/t",
  transition: "none",
  backgroundTransition: "none",
  controlsTutorial: false,
});
