% A filled contour plot as PNG.
function draw(path, x, y, values, heading)
  warning("off", "Octave:gnuplot-graphics");
  graphics_toolkit("gnuplot");
  f = figure("visible", "off");
  contourf(x, y, values', 20, "linestyle", "none");
  colorbar();
  axis("equal", "tight");
  xlabel("x [m]");
  ylabel("y [m]");
  title(heading);
  print(f, path, "-dpng", "-r100");
  close(f);
end
