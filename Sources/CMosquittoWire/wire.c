#include "cmosquittowire.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

struct cmosquittowire_buffers {
    /// Whose bytes these are; nil: nobody's.
    cmosquittowire *reader, *writer;
    size_t read_from, read_to, written;
    uint8_t in[cmosquittowire_room], out[cmosquittowire_room];
};

struct cmosquittowire {
    cmosquittowire_buffers *buffers;
    int descriptor;
    /// The kernel is to be asked for more: once a turn, so that a busy broker's turn comes to an end.
    bool may_ask;
    /// Sending has failed for good.
    int error;
    /// What the kernel did not take.
    uint8_t *kept;
    size_t kept_from, kept_to;
};

static _Thread_local cmosquittowire_turn turn;
/// A client is being made on this thread.
static _Thread_local bool makes_client;

struct mosquitto *cmosquittowire_client(const char *client_id, bool clean_start) {
    makes_client = true;
    struct mosquitto *client = mosquitto_new(client_id, clean_start, NULL);
    makes_client = false;
    return client;
}

cmosquittowire_buffers *cmosquittowire_buffers_new(void) {
    // Not calloc: what is never used is not touched.
    cmosquittowire_buffers *buffers = malloc(sizeof *buffers);
    if (!buffers) return NULL;
    buffers->reader = buffers->writer = NULL;
    buffers->read_from = buffers->read_to = buffers->written = 0;
    return buffers;
}

void cmosquittowire_buffers_free(cmosquittowire_buffers *buffers) { free(buffers); }

cmosquittowire *cmosquittowire_new(cmosquittowire_buffers *buffers) {
    cmosquittowire *wire = calloc(1, sizeof *wire);
    if (!wire) return NULL;
    wire->buffers = buffers;
    wire->descriptor = -1;
    return wire;
}

void cmosquittowire_free(cmosquittowire *wire) {
    cmosquittowire_connected(wire, -1);
    free(wire);
}

void cmosquittowire_connected(cmosquittowire *wire, int descriptor) {
    cmosquittowire_buffers *buffers = wire->buffers;
    if (buffers->reader == wire) buffers->reader = NULL;
    if (buffers->writer == wire) buffers->writer = NULL;
    free(wire->kept);
    wire->kept = NULL;
    wire->kept_from = wire->kept_to = 0;
    wire->descriptor = descriptor;
    wire->may_ask = false;
    wire->error = 0;
}

cmosquittowire_turn cmosquittowire_work(cmosquittowire *wire, bool gathers) {
    cmosquittowire_turn before = turn;
    if (!gathers) cmosquittowire_flush(wire);
    turn = (cmosquittowire_turn){wire, gathers};
    return before;
}

void cmosquittowire_rest(cmosquittowire_turn before) { turn = before; }

static cmosquittowire *at_work(int descriptor) {
    return turn.wire && turn.wire->descriptor == descriptor ? turn.wire : NULL;
}

int cmosquittowire_socketpair(int domain, int type, int protocol, int descriptors[2]) {
    if (!makes_client) return socketpair(domain, type, protocol, descriptors);
    // libmosquitto does without.
    errno = EOPNOTSUPP;
    return -1;
}

// MARK: In

void cmosquittowire_readable(cmosquittowire *wire) { wire->may_ask = true; }

bool cmosquittowire_has_read(const cmosquittowire *wire) {
    const cmosquittowire_buffers *buffers = wire->buffers;
    return buffers->reader == wire && buffers->read_from < buffers->read_to;
}

static ssize_t read_now(int descriptor, void *bytes, size_t count) {
    ssize_t result;
    do result = read(descriptor, bytes, count);
    while (result < 0 && errno == EINTR);
    return result;
}

ssize_t cmosquittowire_read(int descriptor, void *bytes, size_t count) {
    cmosquittowire *wire = at_work(descriptor);
    if (!wire) return read(descriptor, bytes, count);
    cmosquittowire_buffers *buffers = wire->buffers;
    if (!cmosquittowire_has_read(wire)) {
        if (!wire->may_ask) {
            errno = EAGAIN;
            return -1;
        }
        // Another's bytes would be lost; only a turn that does not read to its end leaves any.
        bool is_taken = buffers->reader && buffers->reader != wire && cmosquittowire_has_read(buffers->reader);
        if (is_taken) return read_now(descriptor, bytes, count);
        wire->may_ask = false;
        if (count >= sizeof buffers->in) return read_now(descriptor, bytes, count);
        ssize_t result = read_now(descriptor, buffers->in, sizeof buffers->in);
        if (result <= 0) return result;
        buffers->reader = wire;
        buffers->read_from = 0;
        buffers->read_to = (size_t)result;
    }
    size_t left = buffers->read_to - buffers->read_from;
    if (count > left) count = left;
    memcpy(bytes, buffers->in + buffers->read_from, count);
    buffers->read_from += count;
    return (ssize_t)count;
}

// MARK: Out

/// The bytes behind these would make no sense any more.
static void fail(cmosquittowire *wire, int error) {
    wire->error = error;
    shutdown(wire->descriptor, SHUT_RDWR);
}

/// How many bytes of both parts the kernel took; -1: none, for now or for good.
static ssize_t write_now(cmosquittowire *wire, const void *first, size_t first_count, const void *second,
                         size_t second_count) {
    struct iovec parts[2] = {{(void *)first, first_count}, {(void *)second, second_count}};
    ssize_t result;
    do result = sendmsg(wire->descriptor, &(struct msghdr){.msg_iov = parts, .msg_iovlen = 2}, MSG_NOSIGNAL);
    while (result < 0 && errno == EINTR);
    if (result < 0 && errno != EAGAIN) fail(wire, errno);
    return result;
}

/// False: no memory.
static bool keep(cmosquittowire *wire, const uint8_t *bytes, size_t count) {
    wire->kept = malloc(count);
    if (!wire->kept) return false;
    memcpy(wire->kept, bytes, count);
    wire->kept_from = 0;
    wire->kept_to = count;
    return true;
}

/// Sends what was kept; false: not all.
static bool send_kept(cmosquittowire *wire) {
    if (!wire->kept) return true;
    ssize_t result = write_now(wire, wire->kept + wire->kept_from, wire->kept_to - wire->kept_from, NULL, 0);
    if (result > 0) wire->kept_from += (size_t)result;
    if (wire->kept_from < wire->kept_to && !wire->error) return false;
    free(wire->kept);
    wire->kept = NULL;
    return !wire->error;
}

bool cmosquittowire_keeps(const cmosquittowire *wire) { return wire->kept != NULL; }

/// Sends what was gathered, and these bytes behind it. How many of these the kernel took.
static size_t send_gathered(cmosquittowire *wire, const void *more, size_t count) {
    cmosquittowire_buffers *buffers = wire->buffers;
    size_t gathered = buffers->writer == wire ? buffers->written : 0;
    if (gathered) buffers->writer = NULL;
    ssize_t result = write_now(wire, buffers->out, gathered, more, count);
    size_t sent = result > 0 ? (size_t)result : 0;
    if (sent >= gathered) return sent - gathered;
    if (!wire->error && !keep(wire, buffers->out + sent, gathered - sent)) fail(wire, ENOMEM);
    return 0;
}

void cmosquittowire_flush(cmosquittowire *wire) {
    if (wire->descriptor < 0 || wire->error) return;
    if (send_kept(wire) && wire->buffers->writer == wire) send_gathered(wire, NULL, 0);
}

ssize_t cmosquittowire_write(int descriptor, const void *bytes, size_t count) {
    cmosquittowire *wire = at_work(descriptor);
    if (!wire) return write(descriptor, bytes, count);
    cmosquittowire_buffers *buffers = wire->buffers;
    if (!wire->error && send_kept(wire)) {
        // Who keeps something gathers nothing, so that all of the other's goes.
        if (buffers->writer && buffers->writer != wire) cmosquittowire_flush(buffers->writer);
        size_t gathered = buffers->writer == wire ? buffers->written : 0;
        if (turn.gathers && count <= sizeof buffers->out - gathered) {
            memcpy(buffers->out + gathered, bytes, count);
            buffers->writer = wire;
            buffers->written = gathered + count;
            return (ssize_t)count;
        }
        size_t sent = send_gathered(wire, bytes, count);
        if (sent) return (ssize_t)sent;
    }
    errno = wire->error ? wire->error : EAGAIN;
    return -1;
}
