% What every Octave of this image begins with, also one that reads no start files: nobody looks at a screen,
% numbers are written exactly, and random numbers follow the seed of the run.
function __simulay_start__ ()
  shadowed = warning ("off", "Octave:shadowed-function");
  addpath ("/usr/share/octave/simulay");
  warning (shadowed);
  warning ("off", "Octave:gnuplot-graphics");
  set (0, "defaultfigurevisible", "off");
  seed (getenv ("SIM_SEED"));
endfunction

% Each generator has a sequence of its own.
function seed (text)
  if (! isempty (text))
    generators = {@rand, @randn, @rande, @randg, @randp};
    for k = 1:numel (generators)
      generators{k}("twister", [k, double(text)]);
    endfor
  endif
endfunction
