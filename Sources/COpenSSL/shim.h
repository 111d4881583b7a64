// OpenSSL, which libmosquitto uses for TLS: what a context for it is made with. Many of OpenSSL's functions are macros,
// which Swift does not import.
#ifndef OCPP_GATEWAY_COPENSSL_H
#define OCPP_GATEWAY_COPENSSL_H

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

static inline int copenssl_set_minimum_version(SSL_CTX *context, int version) {
    return SSL_CTX_set_min_proto_version(context, version);
}

/// Buffers are given back while nothing is read or written: most connections are quiet.
static inline void copenssl_release_buffers(SSL_CTX *context) {
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
}

static inline int copenssl_add_to_chain(SSL_CTX *context, X509 *certificate) {
    return (int)SSL_CTX_add1_chain_cert(context, certificate);
}

/// NULL: none is sent.
static inline int copenssl_set_server_name(SSL *connection, const char *name) {
    return (int)SSL_set_tlsext_host_name(connection, name);
}

/// The next one of a PEM text. The last argument is a password, as OpenSSL would otherwise ask for one on the terminal.
static inline X509 *copenssl_read_certificate(BIO *text) {
    return PEM_read_bio_X509_AUX(text, NULL, NULL, (void *)"");
}

static inline EVP_PKEY *copenssl_read_key(BIO *text, const char *password) {
    return PEM_read_bio_PrivateKey(text, NULL, NULL, (void *)password);
}

#endif
