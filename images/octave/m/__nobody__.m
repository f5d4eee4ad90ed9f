% Fails for the function that called this: a simulation has nobody to answer, look or click. The error is told
% where the program called that function.
function __nobody__ (what, instead)
  stack = dbstack ();
  name = stack(2).name;
  problem.message = sprintf ("%s: %s: nobody is there in a simulation; %s", name, what, instead);
  problem.identifier = "Simulay:nobody";
  problem.stack = stack(3:end);
  error (problem);
endfunction
