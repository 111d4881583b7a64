// libmosquitto, and the Linux calls of the broker thread's event loop.
#ifndef OCPP_GATEWAY_CMOSQUITTO_H
#define OCPP_GATEWAY_CMOSQUITTO_H

#include <malloc.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/// The number of bytes that can be read from a descriptor at once, or -1.
/// (`ioctl` is variadic, which Swift does not import.)
static inline int cmosquitto_readable_bytes(int descriptor) {
    int count = 0;
    return ioctl(descriptor, FIONREAD, &count) == 0 ? count : -1;
}

/// Names the calling thread, as `top -H` shows it (15 characters). (`prctl` is variadic too.)
static inline void cmosquitto_name_thread(const char *name) {
    prctl(PR_SET_NAME, name, 0, 0, 0);
}

/// Bytes of freed memory that the C library keeps, of which the system may have some back already.
static inline size_t cmosquitto_kept_memory(void) {
    return mallinfo2().fordblks;
}

/// Gives what the C library keeps of freed memory back to the system.
static inline void cmosquitto_release_memory(void) {
    malloc_trim(0);
}

#endif
