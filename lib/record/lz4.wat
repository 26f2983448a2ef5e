;; LZ4 blocks (https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md), compressed and decompressed in this module's
;; own memory. It is WebAssembly, and not JavaScript, for its unaligned 8- and 16-byte loads and stores.
;; lz4-module.ts is made from this file; lz4.ts lays out the memory and holds the frames around the blocks.
;;
;; Copies run in steps of 16 bytes and may write or read up to 15 bytes too far: every region has that much room after it.
(module
  (memory (export "memory") 4)

  ;; Compressing: address 0 holds a table of 8,192 addresses by hash. 0 says empty: every source lies above 128 KiB, so
  ;; that an empty entry is farther away than a match may be.

  (func $hash (param $at i32) (result i32)
    ;; The first 5 bytes, mixed, to an entry's address.
    (i32.shl
      (i32.wrap_i64
        (i64.shr_u
          (i64.mul (i64.shl (i64.load (local.get $at)) (i64.const 24)) (i64.const 889523592379))
          (i64.const 51)))
      (i32.const 2)))

  ;; How many bytes are equal at $left and $right, which lies higher, before $end.
  (func $equalBytes (param $left i32) (param $right i32) (param $end i32) (result i32)
    (local $start i32) (local $difference i64)
    (local.set $start (local.get $right))
    (block $done
      (loop $words
        (br_if $done (i32.gt_u (i32.add (local.get $right) (i32.const 8)) (local.get $end)))
        (local.set $difference (i64.xor (i64.load (local.get $left)) (i64.load (local.get $right))))
        (if (i64.ne (local.get $difference) (i64.const 0))
          (then
            (return
              (i32.add
                (i32.sub (local.get $right) (local.get $start))
                (i32.wrap_i64 (i64.shr_u (i64.ctz (local.get $difference)) (i64.const 3)))))))
        (local.set $left (i32.add (local.get $left) (i32.const 8)))
        (local.set $right (i32.add (local.get $right) (i32.const 8)))
        (br $words)))
    (block $differ
      (loop $bytes
        (br_if $differ (i32.ge_u (local.get $right) (local.get $end)))
        (br_if $differ (i32.ne (i32.load8_u (local.get $left)) (i32.load8_u (local.get $right))))
        (local.set $left (i32.add (local.get $left) (i32.const 1)))
        (local.set $right (i32.add (local.get $right) (i32.const 1)))
        (br $bytes)))
    (i32.sub (local.get $right) (local.get $start)))

  ;; Copies in steps of 16 bytes; the regions are at least 16 bytes apart.
  (func $copy (param $target i32) (param $source i32) (param $end i32)
    (loop $more
      (v128.store align=1 (local.get $target) (v128.load align=1 (local.get $source)))
      (local.set $source (i32.add (local.get $source) (i32.const 16)))
      (local.set $target (i32.add (local.get $target) (i32.const 16)))
      (br_if $more (i32.lt_u (local.get $target) (local.get $end)))))

  ;; The rest of a length that did not fit the token's four bits.
  (func $writeLength (param $target i32) (param $rest i32) (result i32)
    (block $done
      (loop $more
        (br_if $done (i32.lt_u (local.get $rest) (i32.const 255)))
        (i32.store8 (local.get $target) (i32.const 255))
        (local.set $target (i32.add (local.get $target) (i32.const 1)))
        (local.set $rest (i32.sub (local.get $rest) (i32.const 255)))
        (br $more)))
    (i32.store8 (local.get $target) (local.get $rest))
    (i32.add (local.get $target) (i32.const 1)))

  ;; Token with the literals' length, and the literals; returns the address after them.
  (func $writeLiterals (param $target i32) (param $source i32) (param $length i32) (result i32)
    (if (i32.lt_u (local.get $length) (i32.const 15))
      (then
        (i32.store8 (local.get $target) (i32.shl (local.get $length) (i32.const 4)))
        (local.set $target (i32.add (local.get $target) (i32.const 1)))
        (v128.store align=1 (local.get $target) (v128.load align=1 (local.get $source))))
      (else
        (i32.store8 (local.get $target) (i32.const 0xf0))
        (local.set $target
          (call $writeLength
            (i32.add (local.get $target) (i32.const 1))
            (i32.sub (local.get $length) (i32.const 15))))
        (call $copy
          (local.get $target)
          (local.get $source)
          (i32.add (local.get $target) (local.get $length)))))
    (i32.add (local.get $target) (local.get $length)))

  ;; Compresses $source up to before $end to $target, which has room for the worst case; returns the address after it.
  (func (export "compressBlock") (param $source i32) (param $end i32) (param $target i32) (result i32)
    (local $at i32) (local $anchor i32) (local $candidate i32) (local $entry i32) (local $token i32)
    (local $length i32) (local $searches i32) (local $matchEnd i32) (local $lastStart i32)
    (memory.fill (i32.const 0) (i32.const 0) (i32.const 32768))
    (local.set $at (local.get $source))
    (local.set $anchor (local.get $source))
    ;; The format's end rules: the last 5 bytes are literals, and the last match starts 12 bytes before the end.
    (local.set $matchEnd (i32.sub (local.get $end) (i32.const 5)))
    (local.set $lastStart (i32.sub (local.get $end) (i32.const 12)))
    (block $finish
      (loop $sequences
        ;; Search: the longer nothing is found, the longer the steps.
        (local.set $searches (i32.const 64))
        (block $found
          (loop $search
            (br_if $finish (i32.gt_s (local.get $at) (local.get $lastStart)))
            (local.set $entry (call $hash (local.get $at)))
            (local.set $candidate (i32.load (local.get $entry)))
            (i32.store (local.get $entry) (local.get $at))
            (if (i32.le_u (i32.sub (local.get $at) (local.get $candidate)) (i32.const 65535))
              (then
                (br_if $found
                  (i32.eq (i32.load (local.get $candidate)) (i32.load (local.get $at))))))
            (local.set $at
              (i32.add (local.get $at) (i32.shr_u (local.get $searches) (i32.const 6))))
            (local.set $searches (i32.add (local.get $searches) (i32.const 1)))
            (br $search)))
        ;; A match may have begun earlier.
        (block $atStart
          (loop $back
            (br_if $atStart (i32.le_u (local.get $at) (local.get $anchor)))
            (br_if $atStart (i32.le_u (local.get $candidate) (local.get $source)))
            (br_if $atStart
              (i32.ne
                (i32.load8_u (i32.sub (local.get $at) (i32.const 1)))
                (i32.load8_u (i32.sub (local.get $candidate) (i32.const 1)))))
            (local.set $at (i32.sub (local.get $at) (i32.const 1)))
            (local.set $candidate (i32.sub (local.get $candidate) (i32.const 1)))
            (br $back)))
        (local.set $token (local.get $target))
        (local.set $target
          (call $writeLiterals
            (local.get $target)
            (local.get $anchor)
            (i32.sub (local.get $at) (local.get $anchor))))
        (loop $match
          (i32.store16 (local.get $target) (i32.sub (local.get $at) (local.get $candidate)))
          (local.set $target (i32.add (local.get $target) (i32.const 2)))
          (local.set $length
            (call $equalBytes
              (i32.add (local.get $candidate) (i32.const 4))
              (i32.add (local.get $at) (i32.const 4))
              (local.get $matchEnd)))
          (local.set $at (i32.add (local.get $at) (i32.add (local.get $length) (i32.const 4))))
          (local.set $anchor (local.get $at))
          (if (i32.lt_u (local.get $length) (i32.const 15))
            (then
              (i32.store8
                (local.get $token)
                (i32.or (i32.load8_u (local.get $token)) (local.get $length))))
            (else
              (i32.store8
                (local.get $token)
                (i32.or (i32.load8_u (local.get $token)) (i32.const 15)))
              (local.set $target
                (call $writeLength
                  (local.get $target)
                  (i32.sub (local.get $length) (i32.const 15))))))
          (br_if $finish (i32.gt_s (local.get $at) (local.get $lastStart)))
          (i32.store
            (call $hash (i32.sub (local.get $at) (i32.const 2)))
            (i32.sub (local.get $at) (i32.const 2)))
          ;; Often the next match follows at once, with no literals between.
          (local.set $entry (call $hash (local.get $at)))
          (local.set $candidate (i32.load (local.get $entry)))
          (i32.store (local.get $entry) (local.get $at))
          (if (i32.le_u (i32.sub (local.get $at) (local.get $candidate)) (i32.const 65535))
            (then
              (if (i32.eq (i32.load (local.get $candidate)) (i32.load (local.get $at)))
                (then
                  (local.set $token (local.get $target))
                  (i32.store8 (local.get $target) (i32.const 0))
                  (local.set $target (i32.add (local.get $target) (i32.const 1)))
                  (br $match))))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $sequences)))
    (call $writeLiterals
      (local.get $target)
      (local.get $anchor)
      (i32.sub (local.get $end) (local.get $anchor))))

  ;; Decompresses $source up to before $end to $target, whose matches may reach back to $window. Returns the address after
  ;; the result, 0 where the block is malformed, or 1 where it would pass $targetEnd.
  (func (export "decompressBlock")
    (param $source i32) (param $end i32) (param $target i32) (param $window i32) (param $targetEnd i32)
    (result i32)
    (local $token i32) (local $length i32) (local $byte i32) (local $offset i32) (local $match i32)
    (local $stop i32)
    (loop $sequences
      (if (i32.ge_u (local.get $source) (local.get $end)) (then (return (i32.const 0))))
      (local.set $token (i32.load8_u (local.get $source)))
      (local.set $source (i32.add (local.get $source) (i32.const 1)))

      ;; Literals.
      (local.set $length (i32.shr_u (local.get $token) (i32.const 4)))
      (if (i32.eq (local.get $length) (i32.const 15))
        (then
          (loop $more
            (if (i32.ge_u (local.get $source) (local.get $end)) (then (return (i32.const 0))))
            (local.set $byte (i32.load8_u (local.get $source)))
            (local.set $source (i32.add (local.get $source) (i32.const 1)))
            (local.set $length (i32.add (local.get $length) (local.get $byte)))
            (br_if $more (i32.eq (local.get $byte) (i32.const 255))))))
      (if (i32.gt_u (local.get $length) (i32.sub (local.get $end) (local.get $source)))
        (then (return (i32.const 0))))
      (if (i32.gt_u (local.get $length) (i32.sub (local.get $targetEnd) (local.get $target)))
        (then (return (i32.const 1))))
      (call $copy
        (local.get $target)
        (local.get $source)
        (i32.add (local.get $target) (local.get $length)))
      (local.set $target (i32.add (local.get $target) (local.get $length)))
      (local.set $source (i32.add (local.get $source) (local.get $length)))
      ;; A block ends with literals.
      (if (i32.eq (local.get $source) (local.get $end)) (then (return (local.get $target))))

      ;; Match.
      (if (i32.lt_u (i32.sub (local.get $end) (local.get $source)) (i32.const 2))
        (then (return (i32.const 0))))
      (local.set $offset (i32.load16_u (local.get $source)))
      (local.set $source (i32.add (local.get $source) (i32.const 2)))
      (if (i32.eqz (local.get $offset)) (then (return (i32.const 0))))
      (if (i32.gt_u (local.get $offset) (i32.sub (local.get $target) (local.get $window)))
        (then (return (i32.const 0))))
      (local.set $length (i32.add (i32.and (local.get $token) (i32.const 15)) (i32.const 4)))
      (if (i32.eq (local.get $length) (i32.const 19))
        (then
          (loop $more
            (if (i32.ge_u (local.get $source) (local.get $end)) (then (return (i32.const 0))))
            (local.set $byte (i32.load8_u (local.get $source)))
            (local.set $source (i32.add (local.get $source) (i32.const 1)))
            (local.set $length (i32.add (local.get $length) (local.get $byte)))
            (br_if $more (i32.eq (local.get $byte) (i32.const 255))))))
      (if (i32.gt_u (local.get $length) (i32.sub (local.get $targetEnd) (local.get $target)))
        (then (return (i32.const 1))))
      (local.set $match (i32.sub (local.get $target) (local.get $offset)))
      (local.set $stop (i32.add (local.get $target) (local.get $length)))
      (if (i32.lt_u (local.get $offset) (i32.const 16))
        (then
          ;; The bytes repeat with a short period: 16 of them one by one, then from a multiple of the period.
          (local.set $byte (i32.add (local.get $target) (i32.const 16)))
          (loop $bytes
            (i32.store8 (local.get $target) (i32.load8_u (local.get $match)))
            (local.set $target (i32.add (local.get $target) (i32.const 1)))
            (local.set $match (i32.add (local.get $match) (i32.const 1)))
            (br_if $bytes (i32.lt_u (local.get $target) (local.get $byte))))
          (local.set $match
            (i32.sub
              (local.get $match)
              (i32.mul
                (local.get $offset)
                (i32.div_u (i32.const 15) (local.get $offset)))))))
      (if (i32.lt_u (local.get $target) (local.get $stop))
        (then (call $copy (local.get $target) (local.get $match) (local.get $stop))))
      (local.set $target (local.get $stop))
      (br $sequences))
    (unreachable))
)
