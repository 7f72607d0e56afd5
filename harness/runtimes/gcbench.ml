(* The workload `gcbench` of the harness, with the same answer: see
   harness/src/workloads/gcbench.rs. Prints the answer and the elapsed nanoseconds. *)

let depth_min = 4

type node =
  | Empty
  | Node of { mutable left : node; mutable right : node; first : int; second : int }

let make left right = Node { left; right; first = 1; second = 2 }

let rec bottom_up depth =
  if depth = 0 then make Empty Empty
  else
    let left = bottom_up (depth - 1) in
    let right = bottom_up (depth - 1) in
    make left right

let rec populate node depth =
  match node with
  | Node record when depth > 0 ->
      let left = make Empty Empty in
      let right = make Empty Empty in
      record.left <- left;
      record.right <- right;
      populate left (depth - 1);
      populate right (depth - 1)
  | _ -> ()

let top_down depth =
  let root = make Empty Empty in
  populate root depth;
  root

let rec sum = function
  | Empty -> 0
  | Node { left; right; first; second } -> first + second + sum left + sum right

let first = function Empty -> 0 | Node { first; _ } -> first
let second = function Empty -> 0 | Node { second; _ } -> second
let nodes depth = (1 lsl (depth + 1)) - 1

(* `Checksum` of the harness. *)
let checksum = ref 0L

let add value =
  let rotated =
    Int64.logor (Int64.shift_left !checksum 29) (Int64.shift_right_logical !checksum 35)
  in
  checksum := Int64.mul (Int64.logxor rotated value) 0x9E3779B97F4A7C15L

let () =
  let start = Unix.gettimeofday () in
  let depth_max = int_of_string Sys.argv.(1) in
  let depth_stretch = depth_max + 2 in
  let array_length = 1 lsl (depth_max + 3) in
  add (Int64.of_int (sum (bottom_up depth_stretch)));
  let long_lived = top_down depth_max in
  let number index = if index < array_length / 2 then 1.0 /. float_of_int (index + 1) else 0.0 in
  let numbers = Array.init array_length number in
  let depth = ref depth_min in
  while !depth <= depth_max do
    let total = ref 0 in
    let trees = 2 * nodes depth_stretch / nodes !depth in
    for _ = 1 to trees do
      total := !total + first (Sys.opaque_identity (top_down !depth))
    done;
    for _ = 1 to trees do
      total := !total + second (Sys.opaque_identity (bottom_up !depth))
    done;
    add (Int64.of_int !total);
    depth := !depth + 2
  done;
  add (Int64.of_int (sum long_lived));
  Array.iter (fun number -> add (Int64.bits_of_float number)) numbers;
  Printf.printf "%016Lx %.0f\n" !checksum ((Unix.gettimeofday () -. start) *. 1e9)
