#!/bin/sh
# Changes a few lines of Octave's own files; fails when one is not as expected.
set -eu
cd /usr/share/octave/*/m

change() { # file, sed script
    cp "$1" /tmp/before
    sed -i -E "$2" "$1"
    if cmp -s "$1" /tmp/before; then
        echo "$1 is not as expected: $2" >&2
        exit 1
    fi
}

# There is no screen: what is drawn for one is drawn nowhere, and no gnuplot is started for it.
change plot/util/__gnuplot_drawnow__.m 's/^  else  # nargin == 1$/  elseif (false)/'

# Octave crashes at its end over this listener, which only serves a cancel button on a screen.
change gui/waitbar.m '/^    addlistener \(hf, "createcancelbtn"/d; s/(addproperty \("createcancelbtn", hf, )"figurebuttondownfcn"/\1"any"/'

# Files are drawn through cairo, which finds a font for every script; PostScript knows Latin only.
print=plot/util/private/__gnuplot_print__.m
change $print 's/gp_opts = font_spec \(opts, "devopt", "eps"\);/gp_opts = font_spec (opts, "devopt", "pdfcairo");/'
change $print 's/opts.ghostscript.source = \[tempname\(\) ".eps"\];/opts.ghostscript.source = [tempname() ".pdf"];/'
change $print 's/eps_drawnow \(opts, opts.ghostscript.source, gp_opts\);/local_drawnow (["pdfcairo fontscale 0.7 pointscale 0.5 " gp_opts], opts.ghostscript.source, opts);/'

# This gnuplot warns of the old spelling of a default.
change plot/util/private/__gnuplot_draw_axes__.m 's/"set style increment default;\\n"/""/'

# What to do about a package that is not there.
more='make an image of your own, see docs\/octave.md of Simulay'
change pkg/private/load_packages.m "s/\"package %s is not installed\", files\{i\}/\"package %s is not installed in this image; 'pkg list' tells which are; to have more, $more\", files{i}/"
change pkg/private/get_forge_pkg.m "s/could not read URL, please verify internet connection/a simulation has no network; to install packages, $more/"

# Spreadsheets written by Python name their sheets from the root.
change ../../packages/io-*/private/__OCT_spsh_open__.m 's/getxmlattv \(node, "Target"\);/strrep (getxmlattv (node, "Target"), "\/xl\/", "");/'
rm /tmp/before

# The last that Octave does before it comes to its program.
last=$(octave-cli -qfHW --eval 'disp (strsplit (path, pathsep){end})')
echo '__simulay_job__ ();' >> "$last/PKG_ADD"
