% What every Octave of this image begins with, also one that reads no start files: nobody looks at a screen,
% numbers are written exactly, and random numbers follow the seed of the run.
function __simulay_start__ ()
  % Octave comes here again whenever its path is set anew; a program must not lose its random numbers over that.
  persistent started = false;
  mlock ();
  % It would be said of our own functions, at each change of the path.
  warning ("off", "Octave:shadowed-function");
  addpath ("/usr/share/octave/simulay");
  if (started)
    return;
  endif
  started = true;
  warning ("off", "Octave:gnuplot-graphics");
  warning ("off", "Octave:substituted-glyph");
  set (0, "defaultfigurevisible", "off");
  atexit ("__simulay_end__");
  seed (getenv ("SIM_SEED"));
endfunction

% Each generator has a sequence of its own, and so has each Octave that the first one starts.
function seed (text)
  if (isempty (text))
    return;
  endif
  if (! isempty (getenv ("SIM_SEED_TAKEN")))
    text = hash ("sha256", strjoin ([{text}; argv()].', "\n"));
  endif
  setenv ("SIM_SEED_TAKEN", "1");
  generators = {@rand, @randn, @rande, @randg, @randp};
  for k = 1:numel (generators)
    generators{k}("twister", [k, double(text)]);
  endfor
endfunction
