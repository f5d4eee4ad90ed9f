//! What people call runs and sort them by, changed at any time.

use simulay_model::{Description, DescriptionChange, LabelError, Principal, RunId, RunSummary};
use simulay_signals::Signal;
use simulay_store::StoreError;

use crate::{EngineError, Parts};

/// Why a run is called what it was.
#[derive(Debug, thiserror::Error)]
pub enum DescribeError {
    /// It would have too many labels.
    #[error(transparent)]
    Label(#[from] LabelError),
    /// There is no such run; the engine could not do it.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Changes what people call a run. Of several who do it at once, one follows the other.
pub(crate) async fn change(
    parts: &Parts,
    principal: &Principal,
    run: RunId,
    change: DescriptionChange,
) -> Result<RunSummary, DescribeError> {
    let visible = principal.visible();
    loop {
        let found = parts.runs.summary(&visible, run).await.map_err(EngineError::from)?;
        let found = found.ok_or_else(|| EngineError::from(StoreError::NotFound))?;
        let before = Description { name: found.name.clone(), labels: found.labels.clone() };
        let after = change.clone().apply(&before)?;
        match parts.runs.describe(&visible, run, &before, &after).await {
            Ok(()) => {
                parts.signals.publish(Signal::AccountChanged(found.owner.clone()));
                return Ok(RunSummary { name: after.name, labels: after.labels, ..found });
            }
            Err(StoreError::Stale) => {}
            Err(error) => return Err(EngineError::from(error).into()),
        }
    }
}
