//! Settings that are drawn: how a backend is set up for a program under zeal.

use gc_core::{Attributes, Zeal};
use rand_pcg::Pcg64Mcg;
use rand_pcg::rand_core::Rng;

use super::judge::Setting;
use super::model::Mode;
use super::replay::Setup;

/// The sizes that a nursery may have, if the choice is not the collector's.
const NURSERY_BYTES: [usize; 3] = [1, 4096, 32 << 10];

/// Who judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    /// By a model, which also knows backends that choose the moment.
    ByModel,
    /// By answers that are known before: the moment of each death must be known, too.
    ByAnswers,
}

/// The setting in which a backend runs the program with this seed: drawn, the same whenever it is asked
/// for.
pub(super) fn draw(attributes: &Attributes, judged: Judged, seed: u64) -> Setting {
    let mut random = Pcg64Mcg::new(
        (u128::from(seed) + 1).wrapping_mul(0xda94_2042_e4dd_58b5_9e37_79b9_7f4a_7c15),
    );
    let mut is_drawn = || random.next_u32().is_multiple_of(2);
    let mut setup = Setup {
        settle: is_drawn(),
        automatic: is_drawn(),
        stress: is_drawn() && is_drawn(),
        nursery_bytes: None,
        in_epochs: is_drawn() && is_drawn(),
        roots_in_handles: is_drawn(),
        zeal: Zeal::OFF,
        verify: false,
    };
    if is_drawn() {
        setup.nursery_bytes = Some(NURSERY_BYTES[random.next_u32() as usize % NURSERY_BYTES.len()]);
    }
    setup.zeal = Zeal::random(random.next_u64());
    // It takes many times as long.
    setup.verify = random.next_u32().is_multiple_of(8);
    let mode = if judged == Judged::ByAnswers {
        of_known_moments(attributes, &mut setup)
    } else {
        mode(attributes, setup)
    };
    let ends_settled = judged == Judged::ByModel && attributes.reclaims_cycles;
    Setting { setup, mode, ends_settled }
}

/// Whether collections may start although the program has not asked for them.
fn may_start(setup: Setup) -> bool {
    let Setup { automatic, stress, zeal, .. } = setup;
    automatic || stress || zeal.collect || zeal.random_policy
}

/// How objects die in the model.
fn mode(attributes: &Attributes, setup: Setup) -> Mode {
    // The end of an epoch is nobody's to foresee.
    if attributes.prompt && setup.in_epochs {
        return Mode::Told;
    }
    match (attributes.prompt, attributes.reclaims_cycles) {
        // A count to zero kills at once, and nothing else does.
        (true, false) => Mode::Refcount,
        (_, true) if setup.settle => Mode::Settled,
        (true, true) if !may_start(setup) => Mode::RefcountCycles,
        _ => Mode::Told,
    }
}

/// The same if it must be known when objects die: what would make it unknown is taken back.
fn of_known_moments(attributes: &Attributes, setup: &mut Setup) -> Mode {
    if attributes.prompt {
        setup.in_epochs = false;
        setup.settle = false;
        if attributes.reclaims_cycles {
            (setup.automatic, setup.stress) = (false, false);
            (setup.zeal.collect, setup.zeal.random_policy) = (false, false);
        }
    } else {
        setup.settle = true;
    }
    mode(attributes, *setup)
}
