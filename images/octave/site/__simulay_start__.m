% What every Octave of this image begins with, also one that reads no start files: nobody looks at a screen,
% numbers are written exactly, and random numbers follow the seed of the run.
function __simulay_start__ ()
  % It would be said of our own functions, at each change of the path.
  warning ("off", "Octave:shadowed-function");
  warning ("off", "Octave:gnuplot-graphics");
  warning ("off", "Octave:substituted-glyph");
  addpath ("/usr/share/octave/simulay");
  set (0, "defaultfigurevisible", "off");
  atexit ("__simulay_end__");
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
