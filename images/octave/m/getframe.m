% FRAME = getframe (H, RECT)
%
% The picture of a figure, or of the figure of an axes, as it would be on a screen. RECT = [left, bottom,
% width, height] in pixels cuts a part out of it.
function frame = getframe (h, rect)
  if (nargin == 0)
    h = get (0, "currentfigure");
  endif
  if (isempty (h) || ! (isfigure (h) || isaxes (h)))
    error ("getframe: H must be a figure or axes handle");
  endif
  file = [tempname(), ".png"];
  unwind_protect
    print (ancestor (h, "figure"), file, "-dpngcairo");
    frame.cdata = imread (file);
  unwind_protect_cleanup
    if (exist (file, "file"))
      delete (file);
    endif
  end_unwind_protect
  frame.colormap = [];
  if (nargin == 2)
    frame.cdata = part (frame.cdata, round (rect));
  endif
endfunction

function pixels = part (pixels, rect)
  [height, width, ~] = size (pixels);
  columns = max (rect(1), 1):min (rect(1) + rect(3) - 1, width);
  lines = height + 1 - (min (rect(2) + rect(4) - 1, height):-1:max (rect(2), 1));
  pixels = pixels(lines,columns,:);
endfunction
