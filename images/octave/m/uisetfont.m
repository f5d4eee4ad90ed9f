% Nobody can choose a font.
function varargout = uisetfont (varargin)
  __nobody__ ('a font is asked for', 'name the font in the program');
endfunction
