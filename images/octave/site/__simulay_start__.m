% What every Octave of this image begins with, also one that reads no start files: nobody looks at a screen,
% and numbers are written exactly.
function __simulay_start__ ()
  % Octave comes here again whenever its path is set anew.
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
endfunction
