import Glibc

/// The shared memory that libmongoc makes for its counters as the program is loaded, whatever is configured.
package enum LibmongocCounters {
    /// Takes its name away; the memory itself lasts as long as the process. So one that is killed leaves nothing behind,
    /// which a later process with the same number would stumble over and write about in front of its log.
    package static func removeName() {
        #if MongoDB
            shm_unlink("/mongoc-\(getpid())")
        #endif
    }
}
