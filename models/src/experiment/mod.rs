//! Did the change do anything? Statistics of A/B tests from the sums of each arm.
//!
//! Every method reads [`Arm`]s, that is counts and sums, so nothing here sees a person or an event, and the
//! answer costs the same for a thousand visitors and for a billion. No state is kept between calls.
//!
//! | question | function |
//! |---|---|
//! | is the difference more than noise, looked at once | [`welch`], [`proportions`] |
//! | the same, looked at every day | [`sequential`] |
//! | how probable is it that the variant is better, and what does a wrong choice cost | [`bayes`] |
//! | less noise, from what people did before | [`cuped`] |
//! | did the split of people come out as planned | [`mismatch`] |
//! | which of many results stand | [`holm`], [`benjamini_hochberg`] |
//!
//! Wrong when: people influence each other, a person is counted in both arms, or the rows of an arm are
//! visits while people were drawn (then use [`Arm::ratio`], whose variance is per person).

mod arm;
mod bayes;
mod cuped;
mod effect;
mod fixed;
mod mismatch;
mod multiple;
mod sequential;
mod tails;

pub use arm::{Arm, Sums};
pub use bayes::{Posterior, Prior, bayes};
pub use cuped::{Before, cuped};
pub use effect::{Effect, Scale};
pub use fixed::{Test, proportions, welch};
pub use mismatch::{Mismatch, mismatch};
pub use multiple::{benjamini_hochberg, holm};
pub use sequential::{DEFAULT_TUNING, sequential};
