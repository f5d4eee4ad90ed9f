% One line per interior point.
function write_field(path, x, y, T, exact)
  [X, Y] = ndgrid(x, y);
  f = fopen(path, "w");
  fputs(f, "x_m,y_m,T_K,T_analytic_K\n");
  fprintf(f, "%.9g,%.9g,%.9g,%.9g\n", [X(:), Y(:), T(:), exact(:)]');
  fclose(f);
end
