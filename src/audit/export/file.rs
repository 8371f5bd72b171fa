//! An export as a file that is whole or not there.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use super::write::{ExportError, Exported, Range, Signing, export};
use crate::log::Connection;

/// Writes beside the file and renames in the end, so that what stands there is never half an export. Once this returns, it is there
/// after a crash of the machine too.
pub async fn export_to_file(
    connection: &mut Connection,
    range: Range,
    signing: Option<&Signing>,
    path: &Path,
) -> Result<Exported, ExportError> {
    let cannot = |source| ExportError::File { path: path.to_owned(), source };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().ok_or_else(|| ExportError::NoFile(path.to_owned()))?;
    let mut partial = name.to_owned();
    partial.push(".partial");
    let partial = folder.join(partial);
    let mut file = BufWriter::new(File::create(&partial).map_err(cannot)?);
    let exported = async {
        let exported = export(connection, range, signing, &mut file).await?;
        file.flush()?;
        file.get_ref().sync_all()?;
        Ok::<_, ExportError>(exported)
    };
    match exported.await {
        Ok(exported) => {
            std::fs::rename(&partial, path).map_err(cannot)?;
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(cannot)?;
            Ok(exported)
        }
        Err(error) => {
            // What matters is why the export failed.
            let _ = std::fs::remove_file(&partial);
            Err(error)
        }
    }
}
