//! Which elements of a page are open, and which of them hides the text.

use std::collections::HashMap;

use super::elements::{Ended, VOID, ended_by_end, is_barrier, is_ended_by_start};

/// Elements that are looked at for whether the next start tag ends them, from the innermost on.
const MAXIMUM_SEARCHED: usize = 64;

/// Whether a reader sees the text of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Visibility {
    #[default]
    Shown,
    Hidden,
}

/// The elements that are open, outermost first.
#[derive(Debug, Default)]
pub(super) struct OpenElements {
    names: Vec<Vec<u8>>,
    /// The places of each name among them, in increasing order.
    places: HashMap<Vec<u8>, Vec<usize>>,
    /// The place of the outermost hidden element.
    hidden: Option<usize>,
}

impl OpenElements {
    /// Whether the text is shown here.
    pub(super) const fn visibility(&self) -> Visibility {
        if self.hidden.is_some() { Visibility::Hidden } else { Visibility::Shown }
    }

    /// Ends what the start tag of `name` ends, as far as it is hidden: where all is shown, nothing depends on it.
    pub(super) fn end_before(&mut self, name: &[u8]) {
        let Some(hidden) = self.hidden else { return };
        let inner = (hidden..self.names.len()).rev().take(MAXIMUM_SEARCHED);
        let inner = inner.take_while(|&place| !is_barrier(&self.names[place], name));
        if let Some(outermost) = inner.filter(|&place| is_ended_by_start(&self.names[place], name)).last() {
            self.end_from(outermost);
        }
    }

    /// Opens an element, unless it is one without content.
    pub(super) fn open(&mut self, name: Vec<u8>, visibility: Visibility) {
        if VOID.contains(&name.as_slice()) {
            return;
        }
        let place = self.names.len();
        if visibility == Visibility::Hidden {
            self.hidden.get_or_insert(place);
        }
        match self.places.get_mut(&name) {
            Some(places) => places.push(place),
            None => drop(self.places.insert(name.clone(), vec![place])),
        }
        self.names.push(name);
    }

    /// Takes the end tag of `name`: it ends the innermost element of that name, with all that is open in it. Returns whether
    /// what it ends is shown; so is an end tag without an element.
    pub(super) fn close(&mut self, name: &[u8]) -> Visibility {
        let place = self.places.get(name).and_then(|places| places.last().copied());
        match (place, self.hidden) {
            (None, _) => self.visibility(),
            (Some(place), Some(hidden)) if place < hidden => {
                let ended = ended_by_end(&self.names[hidden], name);
                if ended == Ended::Both {
                    self.end_from(place);
                }
                if ended == Ended::Neither { Visibility::Hidden } else { Visibility::Shown }
            }
            (Some(place), _) => {
                let before = self.visibility();
                self.end_from(place);
                before
            }
        }
    }

    /// Ends the element at `place` and all in it.
    fn end_from(&mut self, place: usize) {
        for name in self.names.drain(place..) {
            self.places.get_mut(&name).map(Vec::pop);
        }
        self.hidden = self.hidden.filter(|&hidden| hidden < place);
    }
}
