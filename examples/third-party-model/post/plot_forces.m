function plot_forces (mesh, N)
  fig = new_figure ();
  widest = max (abs (N));
  for e = 1:rows (mesh.bars)
    b = mesh.bars(e,:);
    if (N(e) >= 0)
      colour = [0.8, 0.1, 0.1];
    else
      colour = [0.1, 0.2, 0.8];
    endif
    plot (mesh.xy(b,1), mesh.xy(b,2), "color", colour, "linewidth", 1 + 5 * abs (N(e)) / widest);
    text (mean (mesh.xy(b,1)), mean (mesh.xy(b,2)) + 0.15, sprintf ("%.1f", N(e) / 1e3));
  endfor
  axis ("equal");
  xlabel ("x [m]");
  ylabel ("y [m]");
  title ("Bar forces [kN], tension red");
  print (fig, "forces.png", "-dpng");
  close (fig);
endfunction
