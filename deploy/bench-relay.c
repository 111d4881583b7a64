// A relay between WebSocket charge points and a broker, as bare as can be: the mark beside which deploy/bench.sh measures
// the gateway. One thread, epoll and libmosquitto as it is. It cuts a frame of OCPP-J into a relay message and back by
// searching for quotes, and that is all: it checks, limits, counts, times and takes over nothing, trusts every byte, knows
// neither pings nor TLS, and is for a bench's own clients only.
//
//   cc -O2 -o bench-relay bench-relay.c -lmosquitto -lcrypto
//   bench-relay PORT BROKER-PORT QOS

#define _GNU_SOURCE
#include <errno.h>
#include <mosquitto.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { longest_identity = 64, longest_message = 1 << 20 };
static const char up[] = "ocpp/cp/", down[] = "ocpp/cs/";

struct charge_point {
    int descriptor;
    bool is_open;
    char identity[longest_identity];
    // What is not a whole frame yet.
    uint8_t *kept;
    size_t kept_count;
};

static struct mosquitto *broker;
static int quality_of_service, poll_descriptor;
static struct charge_point *charge_points[1 << 20];
// By a hash of the identity; the next free place is taken.
static struct charge_point *by_identity[1 << 21];
static uint8_t in[longest_message], out[2 * longest_message];

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static struct charge_point **place_of(const char *identity) {
    uint32_t hash = 2166136261u;
    for (const char *each = identity; *each; each++) hash = (hash ^ (uint8_t)*each) * 16777619u;
    for (hash &= (1 << 21) - 1;; hash = (hash + 1) & ((1 << 21) - 1)) {
        if (!by_identity[hash] || strcmp(by_identity[hash]->identity, identity) == 0) return &by_identity[hash];
    }
}

static void watch(int descriptor, uint32_t events) {
    struct epoll_event event = {.events = events, .data.fd = descriptor};
    if (epoll_ctl(poll_descriptor, EPOLL_CTL_ADD, descriptor, &event) != 0) fail("epoll");
}

static void send_all(int descriptor, const void *bytes, size_t count) {
    while (count > 0) {
        ssize_t sent = write(descriptor, bytes, count);
        if (sent < 0 && errno != EAGAIN && errno != EINTR) return;
        if (sent > 0) bytes = (const uint8_t *)bytes + sent, count -= (size_t)sent;
    }
}

// [2,"ID","ACTION",PAYLOAD] becomes {"MessageTypeId":2,"UniqueId":"ID","Action":"ACTION","Payload":PAYLOAD}.
static void relay_up(struct charge_point *charge_point, char *text, size_t count) {
    char *id = memchr(text, '"', count), *end = text + count - 1;
    char *id_end = id ? memchr(id + 1, '"', (size_t)(end - id - 1)) : NULL;
    char *action = id_end ? memchr(id_end + 1, '"', (size_t)(end - id_end - 1)) : NULL;
    char *action_end = action ? memchr(action + 1, '"', (size_t)(end - action - 1)) : NULL;
    if (!action_end || action_end + 2 > end) return;
    int length = sprintf((char *)out, "{\"MessageTypeId\":2,\"UniqueId\":%.*s,\"Action\":%.*s,\"Payload\":",
                         (int)(id_end - id + 1), id, (int)(action_end - action + 1), action);
    size_t payload = (size_t)(end - action_end - 2);
    memcpy(out + length, action_end + 2, payload);
    out[(size_t)length + payload] = '}';
    char topic[sizeof up + longest_identity];
    sprintf(topic, "%s%s", up, charge_point->identity);
    mosquitto_publish(broker, NULL, topic, length + (int)payload + 1, out, quality_of_service, false);
}

// {"MessageTypeId":3,"UniqueId":"ID","Payload":PAYLOAD} becomes [3,"ID",PAYLOAD].
static void relay_down(struct mosquitto *client, void *data, const struct mosquitto_message *message) {
    (void)client, (void)data;
    if (message->payloadlen <= 0 || message->payloadlen >= longest_message) return;
    struct charge_point *charge_point = *place_of(message->topic + strlen(down));
    char *text = message->payload;
    text[message->payloadlen - 1] = 0;
    char *id = strstr(text, "\"UniqueId\":\""), *payload = strstr(text, "\"Payload\":");
    char *id_end = id ? strchr(id + 12, '"') : NULL;
    if (!charge_point || !charge_point->is_open || !id_end || !payload) return;
    char *body = (char *)out + 10;
    size_t length = (size_t)sprintf(body, "[3,%.*s,%s]", (int)(id_end - id - 10), id + 11, payload + 10);
    uint8_t *frame = out + 10;
    if (length < 126) {
        *--frame = (uint8_t)length;
    } else if (length < 65536) {
        *--frame = (uint8_t)length, *--frame = (uint8_t)(length >> 8), *--frame = 126;
    } else {
        for (int shift = 0; shift < 64; shift += 8) *--frame = (uint8_t)((uint64_t)length >> shift);
        *--frame = 127;
    }
    *--frame = 0x81;
    send_all(charge_point->descriptor, frame, length + (size_t)(out + 10 - frame));
}

// How many bytes are done with.
static size_t take_upgrade(struct charge_point *charge_point, char *bytes, size_t count) {
    char *end = memmem(bytes, count, "\r\n\r\n", 4);
    if (!end) return 0;
    *end = 0;
    char *path_end = strstr(bytes, " HTTP/1.1"), *key = strcasestr(bytes, "sec-websocket-key: ");
    if (!path_end || !key) exit(2);
    *path_end = 0;
    snprintf(charge_point->identity, longest_identity, "%s", strrchr(bytes, '/') + 1);
    *path_end = ' ';
    char text[128];
    snprintf(text, sizeof text, "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key + 19);
    uint8_t digest[SHA_DIGEST_LENGTH], accept[64];
    SHA1((uint8_t *)text, strlen(text), digest);
    EVP_EncodeBlock(accept, digest, sizeof digest);
    char answer[256];
    int length = snprintf(answer, sizeof answer,
                          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: ocpp1.6\r\n\r\n", accept);
    charge_point->is_open = true;
    *place_of(charge_point->identity) = charge_point;
    char topic[sizeof down + longest_identity];
    sprintf(topic, "%s%s", down, charge_point->identity);
    mosquitto_subscribe(broker, NULL, topic, quality_of_service);
    send_all(charge_point->descriptor, answer, (size_t)length);
    return (size_t)(end + 4 - bytes);
}

// How many bytes are done with; 0: the frame is not whole.
static size_t take_frame(struct charge_point *charge_point, uint8_t *bytes, size_t count) {
    if (count < 6) return 0;
    size_t header = 6, length = bytes[1] & 127;
    if (length == 126) {
        header = 8;
        if (count < header) return 0;
        length = (size_t)bytes[2] << 8 | bytes[3];
    } else if (length == 127) {
        header = 14;
        if (count < header) return 0;
        length = 0;
        for (int index = 2; index < 10; index++) length = length << 8 | bytes[index];
    }
    if (length > longest_message) exit(2);
    if (count < header + length) return 0;
    uint8_t *mask = bytes + header - 4, *text = bytes + header;
    for (size_t index = 0; index < length; index++) text[index] ^= mask[index & 3];
    if ((bytes[0] & 15) == 1) relay_up(charge_point, (char *)text, length);
    return header + length;
}

static void end(struct charge_point *charge_point) {
    // Whoever is measured next has charge points of the same identities.
    char topic[sizeof down + longest_identity];
    sprintf(topic, "%s%s", down, charge_point->identity);
    if (charge_point->is_open) mosquitto_unsubscribe(broker, NULL, topic);
    close(charge_point->descriptor);
    charge_points[charge_point->descriptor] = NULL;
    charge_point->is_open = false;
    charge_point->kept_count = 0;
    // Not freed: its place in the table stays, as the bench's identities do.
}

static void read_charge_point(struct charge_point *charge_point) {
    size_t count = charge_point->kept_count, done = 0, taken;
    if (count) memcpy(in, charge_point->kept, count);
    ssize_t result = read(charge_point->descriptor, in + count, sizeof in - count);
    if (result < 0 && errno == EAGAIN) return;
    if (result <= 0) return end(charge_point);
    count += (size_t)result;
    do {
        taken = charge_point->is_open ? take_frame(charge_point, in + done, count - done)
                                      : take_upgrade(charge_point, (char *)in + done, count - done);
        done += taken;
    } while (taken && done < count);
    charge_point->kept_count = count - done;
    if (done == count) return;
    charge_point->kept = realloc(charge_point->kept, count - done);
    if (!charge_point->kept) fail("memory");
    memcpy(charge_point->kept, in + done, count - done);
}

static void accept_all(int listener) {
    int descriptor, one = 1;
    while ((descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        charge_points[descriptor] = calloc(1, sizeof(struct charge_point));
        if (!charge_points[descriptor]) fail("memory");
        charge_points[descriptor]->descriptor = descriptor;
        watch(descriptor, EPOLLIN);
    }
}

static int listen_on(int port) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 4096) != 0) fail("listen");
    return listener;
}

int main(int count, char **arguments) {
    if (count != 4) return fprintf(stderr, "usage: bench-relay PORT BROKER-PORT QOS\n"), 64;
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    quality_of_service = atoi(arguments[3]);
    poll_descriptor = epoll_create1(EPOLL_CLOEXEC);
    mosquitto_lib_init();
    char id[32];  // Two relays may share a broker.
    snprintf(id, sizeof id, "bench-relay-%d", (int)getpid());
    broker = mosquitto_new(id, true, NULL);
    mosquitto_message_callback_set(broker, relay_down);
    mosquitto_int_option(broker, MOSQ_OPT_TCP_NODELAY, 1);
    if (mosquitto_connect(broker, "127.0.0.1", atoi(arguments[2]), 60) != MOSQ_ERR_SUCCESS) fail("broker");
    int listener = listen_on(atoi(arguments[1])), link = mosquitto_socket(broker);
    watch(listener, EPOLLIN);
    watch(link, EPOLLIN);
    struct epoll_event events[256];
    for (;;) {
        int ready = epoll_wait(poll_descriptor, events, 256, 1000);
        if (ready == 0) mosquitto_loop_misc(broker);
        for (int index = 0; index < ready; index++) {
            int descriptor = events[index].data.fd;
            if (descriptor == listener) {
                accept_all(listener);
            } else if (descriptor == link) {
                if (mosquitto_loop_read(broker, 1) != MOSQ_ERR_SUCCESS) fail("the broker's connection");
            } else if (charge_points[descriptor]) {
                read_charge_point(charge_points[descriptor]);
            }
        }
        while (mosquitto_want_write(broker)) mosquitto_loop_write(broker, 1);
    }
}
