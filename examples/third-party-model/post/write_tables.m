function write_tables (mesh, u, N, stress)
  fid = fopen ("displacements.csv", "w");
  fprintf (fid, "node,x_m,y_m,ux_m,uy_m\n");
  n = rows (mesh.xy);
  fprintf (fid, "%d,%.6g,%.6g,%.9e,%.9e\n", [(1:n)', mesh.xy, reshape(u, 2, n)']');
  fclose (fid);

  fid = fopen ("bar_forces.csv", "w");
  fprintf (fid, "bar,node1,node2,N_N,stress_Pa\n");
  fprintf (fid, "%d,%d,%d,%.9e,%.9e\n", [(1:rows (N))', mesh.bars, N, stress]');
  fclose (fid);
endfunction
