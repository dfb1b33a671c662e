//! What happens where another program cuts a mapped file short: the system sends `SIGBUS` to whoever reads the lost pages.

/// What becomes of a program that reads bytes of a map that its file has no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnTruncation {
    /// They read as zeros, and [`MappedFile::was_truncated`](super::MappedFile::was_truncated) tells. For whoever looks at
    /// that before an answer is given.
    ReadZeros,
    /// The process ends with exit code 2 and a line on standard error.
    EndProcess,
}

#[cfg(not(unix))]
pub(super) use elsewhere::Watched;
#[cfg(not(unix))]
pub use elsewhere::tolerate_truncation;
#[cfg(unix)]
pub(super) use unix::Watched;
#[cfg(unix)]
pub use unix::tolerate_truncation;

#[cfg(not(unix))]
mod elsewhere {
    use super::OnTruncation;

    /// Does nothing: the system does not let a mapped file be cut short.
    pub fn tolerate_truncation() {}

    #[derive(Debug)]
    pub(in crate::mapped_file) struct Watched;

    impl Watched {
        pub(in crate::mapped_file) fn new(_map: &[u8], _on_truncation: OnTruncation) -> Option<Self> {
            None
        }

        pub(in crate::mapped_file) fn was_truncated(&self) -> bool {
            false
        }
    }
}

#[cfg(unix)]
#[expect(unsafe_code, reason = "a handler of signals, which replaces lost pages")]
mod unix {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

    use super::OnTruncation;

    /// Maps at a time that are watched; others end the process as without a handler.
    const SLOTS: usize = 256;

    /// A map, for the handler of the signal, which may use nothing but atomics.
    struct Slot {
        is_taken: AtomicBool,
        start: AtomicUsize,
        /// 0 while the slot does not describe a map.
        length: AtomicUsize,
        ends_process: AtomicBool,
        was_truncated: AtomicBool,
    }

    static WATCHED: [Slot; SLOTS] = [const {
        Slot {
            is_taken: AtomicBool::new(false),
            start: AtomicUsize::new(0),
            length: AtomicUsize::new(0),
            ends_process: AtomicBool::new(false),
            was_truncated: AtomicBool::new(false),
        }
    }; SLOTS];

    /// A map that the handler knows, until this is dropped.
    #[derive(Debug)]
    pub(in crate::mapped_file) struct Watched(usize);

    impl Watched {
        pub(in crate::mapped_file) fn new(map: &[u8], on_truncation: OnTruncation) -> Option<Self> {
            let free = |slot: &Slot| slot.is_taken.compare_exchange(false, true, SeqCst, SeqCst).is_ok();
            let place = WATCHED.iter().position(free)?;
            let slot = &WATCHED[place];
            slot.was_truncated.store(false, SeqCst);
            slot.ends_process.store(on_truncation == OnTruncation::EndProcess, SeqCst);
            slot.start.store(map.as_ptr().addr(), SeqCst);
            slot.length.store(map.len(), SeqCst);
            Some(Self(place))
        }

        pub(in crate::mapped_file) fn was_truncated(&self) -> bool {
            WATCHED[self.0].was_truncated.load(SeqCst)
        }
    }

    impl Drop for Watched {
        fn drop(&mut self) {
            let slot = &WATCHED[self.0];
            slot.length.store(0, SeqCst);
            slot.is_taken.store(false, SeqCst);
        }
    }

    /// Makes this process survive files that are cut short while they are mapped, as [`OnTruncation`] says of each. It
    /// replaces the process's handler of `SIGBUS`, so only a program should call it, once.
    pub fn tolerate_truncation() {
        // SAFETY: an all-zero `sigaction` is a valid value, and the handler does only what is safe in one.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = handle as extern "C" fn(_, _, _) as usize;
            action.sa_flags = libc::SA_SIGINFO;
            libc::sigemptyset(&raw mut action.sa_mask);
            libc::sigaction(libc::SIGBUS, &raw const action, std::ptr::null_mut());
        }
    }

    extern "C" fn handle(signal: libc::c_int, info: *mut libc::siginfo_t, _context: *mut libc::c_void) {
        // SAFETY: the system passes a valid `siginfo_t` to a handler with SA_SIGINFO.
        let address = unsafe { (*info).si_addr() }.addr();
        let holds = |slot: &&Slot| {
            let (start, length) = (slot.start.load(SeqCst), slot.length.load(SeqCst));
            address.checked_sub(start).is_some_and(|offset| offset < length)
        };
        match WATCHED.iter().find(holds) {
            Some(slot) if !slot.ends_process.load(SeqCst) && replace_lost_pages(slot, address) => {
                slot.was_truncated.store(true, SeqCst);
            }
            Some(_) => end_process(),
            // Not ours: returning with the default action in place ends the process as it would have without a handler.
            // SAFETY: `signal` may be called in a handler.
            None => unsafe {
                libc::signal(signal, libc::SIG_DFL);
            },
        }
    }

    /// Puts pages of zeros in the place of those from `address` to the end of the map.
    fn replace_lost_pages(slot: &Slot, address: usize) -> bool {
        let end = slot.start.load(SeqCst) + slot.length.load(SeqCst);
        // SAFETY: `sysconf` and `mmap` are plain system calls. The range starts at a page within a map of this process that is
        // only read, and ends with it; `munmap` of the whole map later takes these pages with it.
        unsafe {
            let page_size = libc::sysconf(libc::_SC_PAGESIZE) as usize;
            let first = address / page_size * page_size;
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED;
            let at = std::ptr::with_exposed_provenance_mut(first);
            libc::mmap(at, end - first, libc::PROT_READ, flags, -1, 0) != libc::MAP_FAILED
        }
    }

    fn end_process() -> ! {
        const MESSAGE: &[u8] = b"error: another program cut a file short while it was read\n";
        // SAFETY: both may be called in a handler; the message is as long as said.
        unsafe {
            libc::write(libc::STDERR_FILENO, MESSAGE.as_ptr().cast(), MESSAGE.len());
            libc::_exit(2)
        }
    }
}
