//! What happens where another program cuts a mapped file short: the system sends `SIGBUS` to whoever reads the lost pages.

/// What happens when mapped bytes are read that the file no longer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnTruncation {
    /// They read as zeros, and [`MappedFile::was_truncated`](super::MappedFile::was_truncated) returns true. For callers that
    /// check it before they answer.
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

    /// The size of a page, for the handler.
    static PAGE_BYTES: AtomicUsize = AtomicUsize::new(0);

    /// Makes this process survive files that are cut short while they are mapped, as [`OnTruncation`] says of each. It
    /// replaces the process's handler of `SIGBUS`, so only a program should call it, once.
    pub fn tolerate_truncation() {
        // SAFETY: an all-zero `sigaction` is a valid value, and the handler does only what is safe in one.
        unsafe {
            PAGE_BYTES.store(libc::sysconf(libc::_SC_PAGESIZE) as usize, SeqCst);
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = handle as extern "C" fn(_, _, _) as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
            libc::sigemptyset(&raw mut action.sa_mask);
            libc::sigaction(libc::SIGBUS, &raw const action, std::ptr::null_mut());
        }
    }

    extern "C" fn handle(signal: libc::c_int, info: *mut libc::siginfo_t, _context: *mut libc::c_void) {
        // SAFETY: the system passes a valid `siginfo_t` to a handler with SA_SIGINFO.
        let address = unsafe { (*info).si_addr() }.addr();
        let (mut is_watched, mut ends_process) = (false, false);
        for slot in &WATCHED {
            let (start, length) = (slot.start.load(SeqCst), slot.length.load(SeqCst));
            if address.checked_sub(start).is_some_and(|offset| offset < length) {
                is_watched = true;
                ends_process |= slot.ends_process.load(SeqCst);
                slot.was_truncated.store(true, SeqCst);
            }
        }
        if ends_process || (is_watched && !replace_lost_page(address)) {
            end_process();
        }
        if !is_watched {
            // Not ours: returning with the default action in place ends the process as it would have without a handler.
            // SAFETY: `signal` may be called in a handler.
            unsafe {
                libc::signal(signal, libc::SIG_DFL);
            }
        }
    }

    /// Puts a page of zeros in the place of the one with `address`, which cannot be read.
    fn replace_lost_page(address: usize) -> bool {
        let page = PAGE_BYTES.load(SeqCst);
        let at = std::ptr::without_provenance_mut(address / page * page);
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED;
        // SAFETY: `mmap` is a plain system call. Nothing can be read at this page, so no memory in use is replaced, and
        // `munmap` of the whole map later takes the new page with it.
        unsafe { libc::mmap(at, page, libc::PROT_READ, flags, -1, 0) != libc::MAP_FAILED }
    }

    fn end_process() -> ! {
        const MESSAGE: &[u8] =
            b"error: a file was cut short, or the disk could not read it, while it was in use\n";
        // SAFETY: both may be called in a handler; the message is as long as said.
        unsafe {
            libc::write(libc::STDERR_FILENO, MESSAGE.as_ptr().cast(), MESSAGE.len());
            libc::_exit(2)
        }
    }
}
