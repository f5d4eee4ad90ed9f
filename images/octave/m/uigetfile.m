% Nobody can choose a file.
function varargout = uigetfile (varargin)
  __nobody__ ('a file is asked for', 'upload the file and open it by its name');
endfunction
