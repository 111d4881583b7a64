// Many MQTT packets by one system call.
//
// libmosquitto reads a packet with three system calls and writes each with one, and two more bytes of every packet go
// to a socket pair that wakes a thread of its own, which we do not have. Nothing in its interface changes that. So its
// `read`, `write` and `socketpair`, and nobody else's, lead here: its own table of addresses says so (slots.c). What a
// connection at work reads comes out of a buffer that one `read` has filled; what it writes goes into one that is sent
// at the end of its turn.
#ifndef OCPP_GATEWAY_CMOSQUITTOWIRE_H
#define OCPP_GATEWAY_CMOSQUITTOWIRE_H

#include <mosquitto.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/// One TCP connection of libmosquitto. Used on one thread at a time.
typedef struct cmosquittowire cmosquittowire;

/// The memory that the connections of one thread use in turn.
typedef struct cmosquittowire_buffers cmosquittowire_buffers;

/// Bytes that are read, or written, at once.
enum { cmosquittowire_room = 65536 };

/// Once a process, before there is a client. False: libmosquitto is linked in another way than we know, and reads and
/// writes by itself.
bool cmosquittowire_install(void);

/// `mosquitto_new`, without the socket pair.
struct mosquitto *cmosquittowire_client(const char *client_id, bool clean_start);

/// Nil: no memory.
cmosquittowire_buffers *cmosquittowire_buffers_new(void);
void cmosquittowire_buffers_free(cmosquittowire_buffers *buffers);

/// Nil: no memory. The buffers must outlive it.
cmosquittowire *cmosquittowire_new(cmosquittowire_buffers *buffers);
/// What it has not sent is lost.
void cmosquittowire_free(cmosquittowire *wire);

/// The next connection, or -1: the last one has been closed, and its number may be another's by now.
void cmosquittowire_connected(cmosquittowire *wire, int descriptor);

/// Whose turn it is on a thread.
typedef struct {
    cmosquittowire *wire;
    bool gathers;
} cmosquittowire_turn;

/// From here on what libmosquitto reads and writes on this thread goes by this wire. Turns may nest, as call-backs do.
/// - gathers: what is written waits for `cmosquittowire_flush`. Else it goes to the kernel at once, behind what waits.
/// - Returns: whose turn it was before, for `cmosquittowire_rest`.
cmosquittowire_turn cmosquittowire_work(cmosquittowire *wire, bool gathers);
void cmosquittowire_rest(cmosquittowire_turn before);

/// The kernel says that there is something to read: it is asked once.
void cmosquittowire_readable(cmosquittowire *wire);

/// Something has been read that libmosquitto has not had yet.
bool cmosquittowire_has_read(const cmosquittowire *wire);

/// Sends what waits, as far as the kernel takes it. The rest is kept for the next time. Where sending fails for good the
/// connection is shut down, which libmosquitto finds when it reads.
void cmosquittowire_flush(cmosquittowire *wire);

/// The kernel has not taken all.
bool cmosquittowire_keeps(const cmosquittowire *wire);

// What libmosquitto's calls come to, for the descriptor whose turn it is.
ssize_t cmosquittowire_read(int descriptor, void *bytes, size_t count);
ssize_t cmosquittowire_write(int descriptor, const void *bytes, size_t count);
int cmosquittowire_socketpair(int domain, int type, int protocol, int descriptors[2]);

#endif
