function plot_deformed (mesh, u, scale)
  fig   = new_figure ();
  moved = mesh.xy + scale * reshape (u, 2, [])';
  for e = 1:rows (mesh.bars)
    b = mesh.bars(e,:);
    plot (mesh.xy(b,1), mesh.xy(b,2), "--", "color", [0.6, 0.6, 0.6]);
    plot (moved(b,1), moved(b,2), "b-o", "linewidth", 2);
  endfor
  axis ("equal");
  xlabel ("x [m]");
  ylabel ("y [m]");
  title (sprintf ("Deformed truss, displacements x %g", scale));
  print (fig, "deformed.png", "-dpng");
  close (fig);
endfunction
