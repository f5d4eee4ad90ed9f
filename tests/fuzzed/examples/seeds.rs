//! Writes the seeds that can be made again after a format has changed; what was found stays as it is.

use std::fs;

use simulay_fuzzed::seeds;

fn main() -> std::io::Result<()> {
    for (target, name, bytes) in seeds::make() {
        let folder = seeds::folder(target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(name), bytes)?;
    }
    Ok(())
}
