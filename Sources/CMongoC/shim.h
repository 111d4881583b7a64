// libmongoc and libbson. Their documents and iterators are aligned to 128 bytes, more than Swift takes: it sees pointers to
// them only, so that those which a caller has on its stack in C are made here.
#ifndef CMONGOC_SHIM_H
#define CMONGOC_SHIM_H

#include <mongoc/mongoc.h>
#include <stdlib.h>

/// At the document's start; NULL: it is none, or there is no memory. To be freed.
static inline bson_iter_t *cmongoc_iterator(const bson_t *document) {
    bson_iter_t *iterator = aligned_alloc(128, sizeof(bson_iter_t));
    if (iterator && bson_iter_init(iterator, document)) { return iterator; }
    free(iterator);
    return NULL;
}

/// At the start of the document or array at which another one stands. To be freed.
static inline bson_iter_t *cmongoc_child(const bson_iter_t *parent) {
    bson_iter_t *iterator = aligned_alloc(128, sizeof(bson_iter_t));
    if (iterator && bson_iter_recurse(parent, iterator)) { return iterator; }
    free(iterator);
    return NULL;
}

/// At a field, with dots at one of an embedded document's; NULL: there is none. To be freed.
static inline bson_iter_t *cmongoc_field(const bson_t *document, const char *name) {
    bson_iter_t iterator;
    bson_iter_t *field = aligned_alloc(128, sizeof(bson_iter_t));
    if (field && bson_iter_init(&iterator, document) && bson_iter_find_descendant(&iterator, name, field)) { return field; }
    free(field);
    return NULL;
}

/// A document or array within another, which is built until it is ended. NULL: too large, or no memory.
static inline bson_t *cmongoc_begin(bson_t *target, const char *key, bool is_array) {
    bson_t *child = aligned_alloc(128, sizeof(bson_t));
    if (child
        && (is_array ? bson_append_array_begin(target, key, -1, child)
                     : bson_append_document_begin(target, key, -1, child))) {
        return child;
    }
    free(child);
    return NULL;
}

static inline bool cmongoc_end(bson_t *target, bson_t *child, bool is_array) {
    bool has_ended = is_array ? bson_append_array_end(target, child) : bson_append_document_end(target, child);
    free(child);
    return has_ended;
}

static inline void cmongoc_free_iterator(bson_iter_t *iterator) {
    free(iterator);
}

#endif
