function fig = new_figure ()
  warning ("off", "Octave:gnuplot-graphics");
  graphics_toolkit ("gnuplot");
  fig = figure ("visible", "off");
  hold ("on");
endfunction
