% Nobody can choose a folder.
function varargout = uigetdir (varargin)
  __nobody__ ('a folder is asked for', 'name the folder in the program');
endfunction
