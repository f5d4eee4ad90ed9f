% Closes every figure, also those whose handles are hidden.
function __simulay_close__ ()
  try
    set (0, "showhiddenhandles", "on");
    delete (get (0, "children"));
  catch
    % What a program drew may be half made.
  end_try_catch
endfunction
