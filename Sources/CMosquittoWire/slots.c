// Where libmosquitto's calls of `read`, `write` and `socketpair` lead.
//
// A shared library calls the functions of others by a table of addresses of its own, one slot a function, which the
// loader fills in (ELF's procedure linkage). Three of libmosquitto's slots are given other addresses: no other library's
// calls and none of the program's change, and libmosquitto stays as its packager built it. A function of the same name in
// our program would do the same for everybody in the process.

#define _GNU_SOURCE
#include "cmosquittowire.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__x86_64__)
enum { jump_slot = R_X86_64_JUMP_SLOT, global_data = R_X86_64_GLOB_DAT };
#elif defined(__aarch64__)
enum { jump_slot = R_AARCH64_JUMP_SLOT, global_data = R_AARCH64_GLOB_DAT };
#else
enum { jump_slot = -1, global_data = -1 };
#endif

struct library {
    /// An address in it.
    ElfW(Addr) inside;
    ElfW(Addr) base;
    const ElfW(Dyn) *dynamic;
    /// What is read-only once the loader is done.
    ElfW(Addr) sealed_from, sealed_to;
};

static int find(struct dl_phdr_info *info, size_t size, void *argument) {
    (void)size;
    struct library *library = argument;
    struct library found = {.inside = library->inside, .base = info->dlpi_addr};
    bool is_it = false;
    for (int index = 0; index < info->dlpi_phnum; index++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[index];
        ElfW(Addr) from = info->dlpi_addr + part->p_vaddr, to = from + part->p_memsz;
        if (part->p_type == PT_LOAD && library->inside >= from && library->inside < to) is_it = true;
        if (part->p_type == PT_DYNAMIC) found.dynamic = (const ElfW(Dyn) *)from;
        if (part->p_type == PT_GNU_RELRO) found.sealed_from = from, found.sealed_to = to;
    }
    // In the program itself it would be everybody's table.
    if (!is_it || !info->dlpi_name || !info->dlpi_name[0]) return 0;
    *library = found;
    return 1;
}

static bool set(const struct library *library, void **slot, void *target) {
    ElfW(Addr) address = (ElfW(Addr))slot;
    bool is_sealed = address >= library->sealed_from && address < library->sealed_to;
    ElfW(Addr) page = (ElfW(Addr))sysconf(_SC_PAGESIZE);
    void *start = (void *)(address / page * page);
    if (is_sealed && mprotect(start, page, PROT_READ | PROT_WRITE) != 0) return false;
    __atomic_store_n(slot, target, __ATOMIC_RELEASE);
    if (is_sealed) mprotect(start, page, PROT_READ);
    return true;
}

struct detour {
    const char *name;
    void *target;
    void **slot;
};

static const char *name_of(const ElfW(Rela) *entry, const ElfW(Sym) *symbols, const char *names) {
    return names + symbols[ELF64_R_SYM(entry->r_info)].st_name;
}

static void search(const struct library *library, const ElfW(Rela) *entries, size_t bytes, const ElfW(Sym) *symbols,
                   const char *names, struct detour *detours, size_t count) {
    for (size_t index = 0; entries && index < bytes / sizeof *entries; index++) {
        const ElfW(Rela) *entry = &entries[index];
        int type = (int)ELF64_R_TYPE(entry->r_info);
        if (type != jump_slot && type != global_data) continue;
        for (size_t each = 0; each < count; each++) {
            if (strcmp(name_of(entry, symbols, names), detours[each].name) != 0) continue;
            detours[each].slot = (void **)(library->base + entry->r_offset);
        }
    }
}

bool cmosquittowire_install(void) {
    struct library library = {.inside = (ElfW(Addr))dlsym(RTLD_DEFAULT, "mosquitto_lib_version")};
    if (!library.inside || !dl_iterate_phdr(find, &library) || !library.dynamic) return false;
    const ElfW(Rela) *jumps = NULL, *others = NULL;
    const ElfW(Sym) *symbols = NULL;
    const char *names = NULL;
    size_t jump_bytes = 0, other_bytes = 0;
    for (const ElfW(Dyn) *entry = library.dynamic; entry->d_tag != DT_NULL; entry++) {
        ElfW(Addr) address = entry->d_un.d_ptr;
        // Most loaders have added the base already.
        if (address < library.base) address += library.base;
        switch (entry->d_tag) {
        case DT_JMPREL: jumps = (const ElfW(Rela) *)address; break;
        case DT_RELA: others = (const ElfW(Rela) *)address; break;
        case DT_SYMTAB: symbols = (const ElfW(Sym) *)address; break;
        case DT_STRTAB: names = (const char *)address; break;
        case DT_PLTRELSZ: jump_bytes = entry->d_un.d_val; break;
        case DT_RELASZ: other_bytes = entry->d_un.d_val; break;
        default: break;
        }
    }
    if (!symbols || !names) return false;
    struct detour detours[] = {
        {"read", (void *)cmosquittowire_read, NULL},
        {"write", (void *)cmosquittowire_write, NULL},
        {"socketpair", (void *)cmosquittowire_socketpair, NULL},
    };
    const size_t count = sizeof detours / sizeof detours[0];
    search(&library, jumps, jump_bytes, symbols, names, detours, count);
    search(&library, others, other_bytes, symbols, names, detours, count);
    for (size_t each = 0; each < count; each++) {
        if (!detours[each].slot) return false;
    }
    for (size_t each = 0; each < count; each++) {
        if (!set(&library, detours[each].slot, detours[each].target)) return false;
    }
    return true;
}
