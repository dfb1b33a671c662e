fn main() {
    use embed::model::*;
    let files = ModelFiles::find(&std::env::args().nth(1).unwrap()).unwrap();
    let model = Model::new(&files, EmbeddingSettings::default()).unwrap();
    println!("{:?} {}", model.fingerprint(), model.dimension());
    let texts = ["I love cats.","My favorite animal is a cat.","Dogs are great pets.","The economy is growing rapidly."];
    let e = model.embed_queries(&texts).unwrap();
    for i in 1..4 { println!("{}", e.vectors.row(0).iter().zip(e.vectors.row(i)).map(|(a,b)|a*b).sum::<f32>()); }
}
