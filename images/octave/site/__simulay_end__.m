% What every Octave of this image ends with. Octave crashes at its end over figures whose handles are hidden.
function __simulay_end__ ()
  try
    set (0, "showhiddenhandles", "on");
    delete (get (0, "children"));
  catch
    % What a program drew may be half made.
  end_try_catch
endfunction
