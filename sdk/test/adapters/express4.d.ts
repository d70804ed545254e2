/** Express 4 under the types of Express 5: what the tests use of both is the same. */
declare module "express4" {
  import express from "express";
  export default express;
}
