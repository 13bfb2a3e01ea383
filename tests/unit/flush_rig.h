/* SPDX-License-Identifier: MIT */
/* A small image, assembled by hand, for the proof of flushes (tests/static). */
#ifndef TEST_FLUSH_RIG_H
#define TEST_FLUSH_RIG_H

#include "tests/static/proof.h"
#include "tests/unit/suite.h"

#define TEXT_VA 0x1000

/* Instructions, in bytes. */
#define PUSH_RBX 0x53
#define POP_RBX_RET 0x5b, 0xc3
#define MOV_RBX_RDI 0x48, 0x89, 0xfb
#define HEADER(event, scope) 0x48, 0xbf, event, 0, 0, 0, scope, 0, 0, 0 /* movabs …, %rdi */
#define MOV_RSI_RBX 0x48, 0x89, 0xde
#define MOV_RDX_RBX 0x48, 0x89, 0xda
#define MOV_EDX(b0, b1) 0xba, b0, b1, 0, 0
#define INVLPG_RBX 0x0f, 0x01, 0x3b
#define MOV_RAX_CR3 0x0f, 0x20, 0xd8
#define MOV_CR3_RAX 0x0f, 0x22, 0xd8
#define MOV_CR3_RBX 0x0f, 0x22, 0xdb
#define MOV_RAX_CR4 0x0f, 0x20, 0xe0
#define MOV_CR4_RAX 0x0f, 0x22, 0xe0
#define MOV_CR4_RCX 0x0f, 0x22, 0xe1
#define MOV_RCX_RAX 0x48, 0x89, 0xc1
#define XOR_RCX(b0, b1) 0x48, 0x81, 0xf1, b0, b1, 0, 0
#define WRMSR 0x0f, 0x30

#define PAGE_FLUSH HEADER(7, 1)
#define SPACE_FLUSH HEADER(7, 2)
#define ALL_FLUSH HEADER(7, 3)
#define ROOT_LOAD HEADER(6, 0)
#define EVICT HEADER(25, 1)
#define ONE_PAGE MOV_EDX(0, 0x10)

/* An image with nothing but trace_record(), at TEXT_VA. */
void code_new(void);

/* What follows belongs to @name. */
void code_function(const char *name);
void code_object(const char *name);
/* FUNCTION INSTRUCTION TIMES RULE WHY */
void code_record(const char *text);
/* A pointer in data. */
void code_pointer(u64 va);

/* Where the next byte goes. */
u64 code_here(void);
void code_emit(const u8 *bytes, u64 n);
#define EMIT(...) code_emit((const u8[]){ __VA_ARGS__ }, sizeof((const u8[]){ __VA_ARGS__ }))
/* call @to, jmp @to (5 bytes each) */
void code_call(u64 to);
void code_jump(u64 to);

#define REGISTER_PAGE code_record("tlb_cpu_page invlpg 1 page for a test")

/* tlb_cpu_page(), as far as the call of its report; all of it. */
void code_begin_page(void);
void code_good_page(void);

/* Runs the proof: it must hold, or must fail and say @text. */
void code_holds(void);
void code_fails(const char *text);
/* What the last proof printed; the first line of it that says what is wrong. */
const char *code_said(void);
const char *code_complaint(void);

/* The proof of a file. */
void code_prove_elf(const void *file, u64 bytes);
u32 code_failed(void);

#endif
